-- Notes that these heads of chains were said outside of the database.
CREATE OR REPLACE FUNCTION note_audit_anchors(p_chains uuid[], p_seqs bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_anchors AS a (chain, seq)
    SELECT said.chain, said.seq FROM unnest(p_chains, p_seqs) AS said (chain, seq) ORDER BY said.chain
    ON CONFLICT (chain) DO UPDATE SET seq = greatest(a.seq, excluded.seq), anchored_at = excluded.anchored_at;
END $$;
