//! The template of a release that builds and publishes what a change affects, and keeps the rest:
//! `release --base RELEASE --deployed FILE`, for `.ci/deploy`.
//!
//! CloudFormation stays the only one who changes functions, so what it believes and what runs never part. A
//! function that is kept has the code of the template that is deployed. Where the change leaves the infrastructure
//! alone it keeps its release too, and so its version (docs/decisions/020).

use serde_yaml_ng::{Mapping, Value};

use template::{Error as Malformed, Template};

use crate::{Error, affected::Affected};

/// What a function is published by: SAM's property, and a property of the function itself.
const PUBLISHED_BY: [&str; 2] = ["AutoPublishCodeSha256", "Description"];

/// `template`, in which functions that are not affected are those of `deployed`, whose release was `release`.
pub fn keep(template: &str, deployed: &str, affected: &Affected, release: &str) -> Result<String, Error> {
    let functions = Template::parse(template)?.functions;
    let mut template = read(template)?;
    let deployed = read(deployed)?;
    for function in functions.iter().filter(|function| !affected.functions.contains(&function.name)) {
        let before = &deployed["Resources"][function.logical_id.as_str()]["Properties"];
        let Some(code) = before.get("CodeUri") else { continue };
        let now = template["Resources"][function.logical_id.as_str()]["Properties"].as_mapping_mut();
        let now = now.ok_or_else(|| Malformed(format!("{} has no properties", function.logical_id)))?;
        now.insert("CodeUri".into(), code.clone());
        if !affected.infrastructure {
            keep_version(now, before, release);
        }
    }
    Ok(serde_yaml_ng::to_string(&template).map_err(|error| Malformed(error.to_string()))?)
}

/// What was kept before has the release of then, all others have that of the template.
fn keep_version(now: &mut Mapping, before: &Value, release: &str) {
    for property in PUBLISHED_BY {
        let kept = before.get(property).filter(|value| matches!(value, Value::String(_)));
        now.insert(property.into(), kept.cloned().unwrap_or_else(|| release.into()));
    }
}

fn read(template: &str) -> Result<Value, Error> {
    Ok(serde_yaml_ng::from_str(template).map_err(|error| Malformed(error.to_string()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
Globals: {Function: {CodeUri: ., Description: !Ref Release}}
Resources:
  OneFunction: &function
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: one}}
    Properties: {AutoPublishCodeSha256: !Ref Release, Environment: {Variables: {A: !Sub '${B}'}}}
  TwoFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: two}}
    Properties: {AutoPublishCodeSha256: !Ref Release}
  NewFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: new}}
    Properties: {AutoPublishCodeSha256: !Ref Release}
";
    const DEPLOYED: &str = "
Resources:
  OneFunction: {Properties: {CodeUri: s3://b/one, AutoPublishCodeSha256: !Ref Release}}
  TwoFunction: {Properties: {CodeUri: s3://b/two, AutoPublishCodeSha256: '1111111111', Description: '1111111111'}}
";

    fn kept(functions: &[&str], infrastructure: bool) -> Value {
        let functions = functions.iter().map(|name| (*name).to_owned()).collect();
        let affected = Affected { functions, infrastructure };
        read(&keep(TEMPLATE, DEPLOYED, &affected, "2222222222").unwrap()).unwrap()["Resources"].clone()
    }

    fn text<'a>(resources: &'a Value, function: &str, property: &str) -> Option<&'a str> {
        resources[function]["Properties"].get(property)?.as_str()
    }

    /// Each with the release it was published by, be it that of the last deployment or an earlier one.
    #[test]
    fn what_a_change_leaves_alone_stays_as_it_is() {
        let resources = kept(&[], false);
        for (function, code, release) in
            [("OneFunction", "s3://b/one", "2222222222"), ("TwoFunction", "s3://b/two", "1111111111")]
        {
            assert_eq!(text(&resources, function, "CodeUri"), Some(code));
            for property in PUBLISHED_BY {
                assert_eq!(text(&resources, function, property), Some(release), "{function} {property}");
            }
        }
        let variable = &resources["OneFunction"]["Properties"]["Environment"]["Variables"]["A"];
        assert!(matches!(variable, Value::Tagged(tagged) if tagged.tag == "Sub"), "{variable:?}");
    }

    #[test]
    fn what_a_change_affects_or_adds_is_built_and_published() {
        let resources = kept(&["one"], false);
        for function in ["OneFunction", "NewFunction"] {
            assert_eq!(text(&resources, function, "CodeUri"), None);
            let published = &resources[function]["Properties"]["AutoPublishCodeSha256"];
            assert!(matches!(published, Value::Tagged(_)), "{function}: {published:?}");
        }
        assert_eq!(text(&resources, "TwoFunction", "CodeUri"), Some("s3://b/two"));
    }

    /// Its variables or its role may be other ones.
    #[test]
    fn another_infrastructure_publishes_all_and_builds_what_is_affected() {
        let resources = kept(&[], true);
        assert_eq!(text(&resources, "TwoFunction", "CodeUri"), Some("s3://b/two"));
        assert!(matches!(resources["TwoFunction"]["Properties"]["AutoPublishCodeSha256"], Value::Tagged(_)));
        assert_eq!(text(&resources, "TwoFunction", "Description"), None);
    }
}
