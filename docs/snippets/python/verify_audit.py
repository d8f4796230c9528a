"""Verifies an exported audit: python3 verify_audit.py [NUMBER:HASH ...] < audit.jsonl (the anchors are noted hashes)"""
import hashlib, json, sys
anchors = {int(seq): digest for seq, digest in (anchor.split(":") for anchor in sys.argv[1:])}
last, before, chain, problems = 0, "0" * 64, None, []
for line in filter(str.strip, sys.stdin):
    try:
        row = json.loads(line)
        said = json.loads(row["content"])
        seq, prev, whole = int(said["seq"]), said["prev"], len(row) == 2 and chain in (None, said["chain"])
        whole = whole and hashlib.sha256(row["content"].encode()).hexdigest() == row["hash"]
    except (KeyError, TypeError, ValueError):
        whole = False
    if not whole:
        problems.append(f"row {last + 1} was changed")
        last, before = last + 1, None
        continue
    if last == 0 and seq - 1 in anchors:
        last, before = seq - 1, anchors[seq - 1]
    if seq <= last:
        problems.append(f"row {seq} stands in a place that is not its own")
        continue
    problems += [f"row {missing} is missing" for missing in range(last + 1, seq)]
    if seq == last + 1 and before not in (None, prev):
        problems.append(f"row {last or seq} was replaced")
    last, before, chain = seq, row["hash"], said["chain"]
    if anchors.get(seq, row["hash"]) != row["hash"]:
        problems.append(f"row {seq} was replaced")
problems += [f"row {seq} is missing" for seq in anchors if seq > last]
print("\n".join(problems) or f"{chain}: verified up to {last}:{before}")
sys.exit(1 if problems else 0)
