//! Sets the linker options that a Node addon needs on each platform, and generates the form labels.

use std::{env, error::Error, fs, path::Path};

use serde_json::Value;

/// The two forms; the first label of a key counts.
const FORMS: [&str; 2] = ["manifest.json", "operations.json"];

fn main() -> Result<(), Box<dyn Error>> {
    napi_build::setup();
    let code = labels(&read(FORMS[0])?, &read(FORMS[1])?).ok_or("operations.json lists no operations")?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("labels.rs"), code)?;
    Ok(())
}

fn read(form: &str) -> Result<Value, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={form}");
    Ok(serde_json::from_str(&fs::read_to_string(form)?)?)
}

/// The tables that `src/error/labels.rs` includes; `None` if the form has no operations.
fn labels(source: &Value, query: &Value) -> Option<String> {
    let mut fields = Vec::new();
    for form in [source, query] {
        collect(form.get("properties")?, &mut fields);
    }
    let listed = query.pointer("/properties/operation/list")?.as_array()?;
    let operations: Option<Vec<_>> =
        listed.iter().map(|each| Some((each.get("value")?.as_str()?, each.get("name")?.as_str()?))).collect();
    let operations = operations?;
    let own = own_labels(query, &operations)?;
    Some(format!(
        "/// Key and label of each field.\nconst LABELS: [(&str, &str); {}] = {fields:?};\n\
         /// Operation, key and label of each field in each operation's form.\n\
         const OWN_LABELS: [(&str, &str, &str); {}] = {own:?};\n\
         /// Value and label of each operation, in the order of the form.\n\
         pub(crate) const OPERATIONS: [(&str, &str); {}] = {operations:?};\n",
        fields.len(),
        own.len(),
        operations.len(),
    ))
}

/// The labels in the form of each operation; `None` if an operation has no form.
fn own_labels<'a>(query: &'a Value, operations: &[(&'a str, &str)]) -> Option<Vec<(&'a str, &'a str, &'a str)>> {
    let mut own = Vec::new();
    for (operation, _) in operations {
        let mut fields = Vec::new();
        collect(query.get("properties")?.get(operation)?, &mut fields);
        own.extend(fields.into_iter().map(|(key, label)| (*operation, key, label)));
    }
    Some(own)
}

/// Adds the key and label of each field in `group`, keeping the first label of each key.
fn collect<'a>(group: &'a Value, fields: &mut Vec<(&'a str, &'a str)>) {
    let Some(members) = group.as_object() else { return };
    for (name, member) in members {
        // In manifest.json, only the name of the member is the key.
        let key = member.get("key").and_then(Value::as_str).unwrap_or(name);
        if let Some(label) = member.get("label").and_then(Value::as_str)
            && !fields.iter().any(|(known, _)| *known == key)
        {
            fields.push((key, label));
        }
        collect(member, fields);
    }
}
