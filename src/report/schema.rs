//! The JSON Schema of the report, strict enough to catch a mistake: no field that is not known, all that are
//! written, and what has to agree.

use super::Report;
use crate::model::schema::Address;
use crate::verdict::Class;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{Schema, json_schema};
use serde_json::{Map, Value, json};

/// Where an address of a name may come from.
pub(super) const ORIGINS: &[&str] = &["literal", "hosts", "dns", "nss", "getaddrinfo"];

/// The schema of what this version writes.
pub(crate) fn schema() -> Schema {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    // Referred to by `strict` alone.
    let _ = generator.subschema_for::<Address>();
    let mut schema = generator.into_root_schema_for::<Report>();
    schemars::transform::Transform::transform(&mut RecursiveTransform(strict), &mut schema);
    schema
}

/// What holds for every type.
fn strict(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    // Rules of `bind` name a type or fields, never both, and leave other fields alone.
    if object.get("type") == Some(&json!("object")) && object.contains_key("properties") {
        object.entry("additionalProperties").or_insert(json!(false));
        describe(object);
    }
    if object.get("format") == Some(&json!("uint32")) {
        object.entry("maximum").or_insert(json!(u32::MAX));
    }
    if object.get("format") == Some(&json!("ip")) {
        address(object);
    }
}

/// What stands for a variant of an enum has the variant's description.
fn describe(object: &mut Map<String, Value>) {
    let Some(description) = object.get("description").cloned() else { return };
    let fields = object.get_mut("properties").and_then(Value::as_object_mut);
    for field in fields.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        if !field.contains_key("$ref") {
            field.entry("description").or_insert(description.clone());
        }
    }
}

/// `format` alone binds no validator: the form of an address is told by a pattern.
fn address(object: &mut Map<String, Value>) {
    let reference = json!({ "$ref": "#/$defs/Address" });
    object.remove("format");
    match object.remove("type") {
        Some(Value::Array(_)) => {
            object.insert("anyOf".to_owned(), json!([reference, { "type": "null" }]));
        }
        _ => object.extend(reference.as_object().cloned().unwrap_or_default()),
    }
}

/// Adds rules that bind several fields.
fn bind(schema: &mut Schema, rules: Vec<Value>) {
    schema.insert("allOf".to_owned(), Value::Array(rules));
}

/// If the first holds, so must the second; otherwise the third.
fn either(when: &Schema, then: &Schema, or: &Schema) -> Value {
    json!({ "if": when, "then": then, "else": or })
}

fn has(field: &str, value: Value) -> Schema {
    let mut properties = Map::new();
    properties.insert(field.to_owned(), value);
    json_schema!({ "properties": properties })
}

/// A class is its code's first part; who did it is null for a plain success alone; what is certain has no
/// look-alikes.
pub(super) fn of_verdict(schema: &mut Schema) {
    let mut rules: Vec<Value> = Class::ALL
        .iter()
        .map(|class| {
            let own = format!("^{class}\\.");
            let (is, is_not) = (json!({ "const": class }), json!({ "not": { "const": class } }));
            either(&has("code", json!({ "pattern": own })), &has("class", is), &has("class", is_not))
        })
        .collect();
    rules.push(either(
        &has("code", json!({ "const": "connected.ok" })),
        &has("culprit", json!({ "type": "null" })),
        &has("culprit", json!({ "type": "object" })),
    ));
    rules.push(either(
        &has("certainty", json!({ "const": "certain" })),
        &has("alternatives", json!({ "maxItems": 0 })),
        &has("alternatives", json!({})),
    ));
    bind(schema, rules);
}

/// Connected are those whose verdict says so.
pub(super) fn of_report(schema: &mut Schema) {
    let class = json!({ "properties": { "class": { "enum": ["connected", "service"] } } });
    let rule = either(
        &has("verdict", class),
        &has("connected", json!({ "const": true })),
        &has("connected", json!({ "const": false })),
    );
    // Lines of a list alone may leave the evidence out.
    let whole = json!({ "if": { "not": { "required": ["index"] } }, "then": { "required": ["evidence"] } });
    bind(schema, vec![rule, whole]);
}

/// A unix socket has no port, and every other target has one.
pub(super) fn of_target(schema: &mut Schema) {
    let rule = either(
        &has("transport", json!({ "const": "unix" })),
        &has("port", json!({ "type": "null" })),
        &has("port", json!({ "type": "integer" })),
    );
    bind(schema, vec![rule]);
}

/// Lines are those of the hosts file.
pub(super) fn of_origin(schema: &mut Schema) {
    let rule = either(
        &has("from", json!({ "const": "hosts" })),
        &has("line", json!({ "type": "integer" })),
        &has("line", json!({ "type": "null" })),
    );
    bind(schema, vec![rule]);
}
