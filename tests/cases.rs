//! Reports as the program printed them, each in `tests/cases/<code>--<what>.json`: the evidence, diagnosed again,
//! gives the same report, in JSON and as text. A report from a user, put there, is the reproduction of a fault.
//!
//! `WHYCONN_WRITE=1 cargo test --test cases` writes the renderings in `tests/golden` instead of comparing them,
//! and brings the words of the reports in `tests/cases` up to date; never their verdicts.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};
use whyconn::render::{Detail, Style, human, json as one_line, markdown};
use whyconn::report::{Report, Story, report};
use whyconn::verdict::CATALOG;

struct Case {
    name: String,
    value: Value,
}

impl Case {
    /// The evidence, diagnosed again.
    fn again(&self) -> Result<(Report, Story), String> {
        let told: Report = serde_json::from_value(self.value.clone())
            .map_err(|error| format!("{}: not a report: {error}", self.name))?;
        told.evidence.map(report).ok_or_else(|| "no evidence".to_owned())
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// Files of a folder, by name and without the folder.
fn files(name: &str) -> Result<BTreeSet<String>, String> {
    let entries = fs::read_dir(folder(name)).map_err(|error| format!("tests/{name}: {error}"))?;
    entries
        .map(|entry| {
            let entry = entry.map_err(|error| format!("tests/{name}: {error}"))?;
            Ok(entry.file_name().to_string_lossy().into_owned())
        })
        .collect()
}

fn cases() -> Result<Vec<Case>, String> {
    let read = |file: String| {
        let told = |error: &dyn std::fmt::Display| format!("tests/cases/{file}: {error}");
        let name = file.strip_suffix(".json").ok_or_else(|| told(&"no .json file"))?.to_owned();
        let text = fs::read_to_string(folder("cases").join(&file)).map_err(|error| told(&error))?;
        let value = serde_json::from_str(&text).map_err(|error| told(&error))?;
        Ok(Case { name, value })
    };
    let cases: Vec<Case> = files("cases")?.into_iter().map(read).collect::<Result<_, String>>()?;
    if cases.is_empty() { Err("tests/cases is empty".into()) } else { Ok(cases) }
}

fn validator() -> Result<Validator, String> {
    let schema = whyconn::docs::schema().map_err(|error| error.to_string())?;
    let schema: Value = serde_json::from_str(&schema).map_err(|error| error.to_string())?;
    jsonschema::validator_for(&schema).map_err(|error| error.to_string())
}

/// Every wrong case at once, so that one run shows them all.
fn all(wrong: Vec<String>) -> Result<(), String> {
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// The places at which two values differ.
fn differences(at: &str, is: &Value, should: &Value, found: &mut Vec<String>) {
    match (is, should) {
        (Value::Object(is), Value::Object(should)) => {
            let keys: BTreeSet<&String> = is.keys().chain(should.keys()).collect();
            for key in keys {
                let (is, should) = (is.get(key), should.get(key));
                let none = json!("(absent)");
                differences(&format!("{at}.{key}"), is.unwrap_or(&none), should.unwrap_or(&none), found);
            }
        }
        (Value::Array(is), Value::Array(should)) if is.len() == should.len() => {
            for (index, (is, should)) in is.iter().zip(should).enumerate() {
                differences(&format!("{at}[{index}]"), is, should, found);
            }
        }
        _ if is == should => {}
        _ => found.push(format!("  {at}: {is} instead of {should}")),
    }
}

#[test]
fn the_evidence_gives_the_same_report_again() -> Result<(), String> {
    let mut wrong = Vec::new();
    for case in cases()? {
        let again = case.again()?.0;
        let again = serde_json::to_value(&again).map_err(|error| error.to_string())?;
        let decided = |value: &Value| {
            ["code", "certainty", "culprit", "because"]
                .map(|key| value.pointer(&format!("/verdict/{key}")).cloned())
        };
        if writes() && decided(&again) == decided(&case.value) && again != case.value {
            let text = serde_json::to_string_pretty(&again).map_err(|error| error.to_string())? + "\n";
            let file = folder("cases").join(format!("{}.json", case.name));
            fs::write(file, text).map_err(|error| format!("{}: {error}", case.name))?;
            continue;
        }
        let mut found = Vec::new();
        differences("report", &again, &case.value, &mut found);
        if !found.is_empty() {
            wrong.push(format!("{}:\n{}", case.name, found.join("\n")));
        }
    }
    all(wrong)
}

#[test]
fn a_case_is_named_by_its_code() -> Result<(), String> {
    let mut wrong = Vec::new();
    for case in cases()? {
        let code = case.value.pointer("/verdict/code").and_then(Value::as_str).unwrap_or_default();
        if case.name.split_once("--").is_none_or(|(front, what)| front != code || what.is_empty()) {
            wrong.push(format!("{} is a case of {code}", case.name));
        }
    }
    all(wrong)
}

#[test]
fn a_report_is_one_line_that_says_the_same() -> Result<(), String> {
    for case in cases()? {
        let (again, _) = case.again()?;
        let text = one_line(&again).map_err(|error| error.to_string())?;
        assert_eq!(text.matches('\n').count(), 1, "{}", case.name);
        assert!(text.ends_with('\n'), "{}", case.name);
        let read: Report = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        assert_eq!(read, again, "{}", case.name);
    }
    Ok(())
}

#[test]
fn every_case_is_as_the_schema_says() -> Result<(), String> {
    let validator = validator()?;
    let mut wrong = Vec::new();
    for case in cases()? {
        let errors = validator.iter_errors(&case.value);
        wrong.extend(
            errors.map(|error| format!("{}: {}: {}", case.name, error.instance_path(), error.masked())),
        );
    }
    all(wrong)
}

#[test]
fn the_schema_refuses_what_is_no_report() -> Result<(), String> {
    type Mutation = (&'static str, fn(&mut Value));
    let mutations: &[Mutation] = &[
        ("a certainty that there is not", |report| report["verdict"]["certainty"] = json!("sure")),
        ("a code that there is not", |report| report["verdict"]["code"] = json!("refused.politely")),
        ("a class that there is not", |report| report["verdict"]["class"] = json!("refusal")),
        ("a clue that there is not", |report| report["verdict"]["because"] = json!(["hunch"])),
        ("a culprit that there is not", |report| report["verdict"]["culprit"] = json!({"where": "nobody"})),
        ("a neighbour without its address", |report| report["verdict"]["culprit"] = json!({"where": "link"})),
        ("no verdict", |report| remove(report, "verdict")),
        ("evidence in words", |report| report["evidence"] = json!("none")),
        ("no schema", |report| remove(report, "schema")),
        ("no evidence", |report| remove(report, "evidence")),
        ("a port that is none", |report| report["target"]["port"] = json!(70_000)),
        ("a yes instead of true", |report| report["connected"] = json!("yes")),
        ("a duration in words", |report| report["elapsed_ms"] = json!("4 s")),
        ("an attempt without its address", |report| report["attempts"] = json!([{}])),
        ("another schema", |report| report["schema"] = json!("whyconn.report.v2")),
        ("a field that there is not", |report| report["verdit"] = json!(null)),
        ("a class that is not the code's", |report| {
            let class = if report["verdict"]["class"] == "local" { "alias" } else { "local" };
            report["verdict"]["class"] = json!(class);
        }),
        ("connected, and not", |report| {
            report["connected"] = json!(report["connected"] == json!(false));
        }),
        ("no culprit, or one of a success", |report| {
            let success = report["verdict"]["code"] == "connected.ok";
            report["verdict"]["culprit"] = if success { json!({"where": "client"}) } else { json!(null) };
        }),
        ("a culprit with more than its kind has", |report| {
            report["verdict"]["culprit"] = json!({"where": "client", "address": "192.0.2.1"});
        }),
        ("a router without its hop", |report| {
            report["verdict"]["culprit"] = json!({"where": "router", "address": "192.0.2.1"});
        }),
        ("certain, and something else as well", |report| {
            report["verdict"]["certainty"] = json!("certain");
            report["verdict"]["alternatives"] = json!([{"code": "refused.rst", "why": "it looks so"}]);
        }),
        ("a look-alike without a reason", |report| {
            report["verdict"]["certainty"] = json!("likely");
            report["verdict"]["alternatives"] = json!([{"code": "refused.rst", "why": ""}]);
        }),
        ("no sentence", |report| report["verdict"]["summary"] = json!("")),
        ("a step on no machine", |report| {
            report["verdict"]["next"] = json!([{"on": "cloud", "do": "wait", "command": null}]);
        }),
        ("a step without a command's place", |report| {
            report["verdict"]["next"] = json!([{"on": "client", "do": "wait"}]);
        }),
        ("a remark that there is not", |report| {
            report["remarks"] = json!([{"code": "by-the-way", "text": "it rains"}]);
        }),
        ("a remark without its text", |report| report["remarks"] = json!([{"code": "sinkhole"}])),
        ("a time before the start", |report| report["elapsed_ms"] = json!(-1)),
        ("no time at all", |report| report["elapsed_ms"] = json!(null)),
        ("a transport that there is not", |report| report["target"]["transport"] = json!("sctp")),
        ("a unix socket with a port, or none for TCP", |report| {
            let unix = report["target"]["transport"] == "unix";
            report["target"]["port"] = if unix { json!(80) } else { json!(null) };
        }),
        ("port 0", |report| report["target"]["port"] = json!(0)),
        ("an address from nowhere", |report| {
            report["resolution"]["addresses"] =
                json!([{"address": "192.0.2.1", "from": "luck", "line": null}]);
        }),
        ("a name as an address", |report| {
            report["resolution"]["addresses"] =
                json!([{"address": "db.example", "from": "dns", "line": null}]);
        }),
        ("an address with a number too great", |report| {
            report["resolution"]["addresses"] =
                json!([{"address": "192.0.2.256", "from": "dns", "line": null}]);
        }),
        ("an address of nine groups", |report| {
            report["resolution"]["addresses"] =
                json!([{"address": "1:2:3:4:5:6:7:8:9", "from": "dns", "line": null}]);
        }),
        ("a line of the hosts file from a name server", |report| {
            report["resolution"]["addresses"] = json!([{"address": "192.0.2.1", "from": "dns", "line": 3}]);
        }),
        ("a hop 0", |report| {
            report["path"] = json!({"hops": [{"ttl": 0, "address": null, "rtt_ms": null}]});
        }),
        ("a hop with a name", |report| {
            report["path"] = json!({"hops": [{"ttl": 1, "address": "router-1", "rtt_ms": null}]});
        }),
        ("a listener without a port", |report| {
            report["listeners"] =
                json!([{"address": "192.0.2.1", "process": null, "uid": 0, "unit": null, "namespace": null}]);
        }),
        ("a listener of user -1", |report| {
            report["listeners"] = json!([{"address": "192.0.2.1:80", "process": null, "uid": -1, "unit": null, "namespace": null}]);
        }),
        ("a fact that is seen and not asked", |report| {
            report["evidence"]["listeners"] = json!({"seen": null, "not-asked": null});
        }),
        ("a fact that is nothing of the three", |report| report["evidence"]["unix"] = json!("unseen")),
        ("a name server without a port", |report| report["evidence"]["request"]["dns"] = json!("192.0.2.1")),
        ("a device as a number", |report| report["evidence"]["request"]["interface"] = json!(2)),
        ("a trace that there is not", |report| report["evidence"]["request"]["trace"] = json!("sometimes")),
        ("an errno by its number", |report| {
            report["evidence"]["lacking"] = json!({"call": "socket", "errno": 24});
        }),
        ("a call that there is not", |report| {
            report["evidence"]["lacking"] = json!({"call": "ioctl", "errno": "EMFILE"});
        }),
    ];
    let validator = validator()?;
    for case in cases()? {
        for (what, mutate) in mutations {
            let mut value = case.value.clone();
            mutate(&mut value);
            assert!(!validator.is_valid(&value), "{}: {what} is let through", case.name);
        }
    }
    Ok(())
}

/// Fields that stand in a report only where they say something.
const OPTIONAL: &[&str] = &[
    "payload",
    "udp_no_ports",
    "action",
    "scope",
    "device_packets",
    "ipsec_unmet",
    "narrow_mtu",
    "read_ms",
    "in_address_errors",
    "sent_ipv6",
    "in_checksum_errors",
];

/// Each object of the cases with one field more, and with one less: once for each place at which it may stand.
#[test]
fn the_schema_knows_every_field() -> Result<(), String> {
    let validator = validator()?;
    let mut tried = BTreeSet::new();
    let (mut more, mut less) = (0, 0);
    for case in cases()? {
        let mut objects = Vec::new();
        places(&case.value, String::new(), &mut objects);
        for place in objects {
            let kind: String =
                place.split('/').map(|part| if is_index(part) { "/*" } else { part }).collect();
            let keys: Vec<String> = keys(&case.value, &place);
            if tried.insert(kind.clone()) {
                more += 1;
                let mut value = case.value.clone();
                value
                    .pointer_mut(&place)
                    .and_then(Value::as_object_mut)
                    .map(|at| at.insert("hearsay".into(), json!(1)));
                assert!(!validator.is_valid(&value), "{}: {place} may have any field", case.name);
            }
            for key in keys.iter().filter(|key| tried.insert(format!("{kind} {key}"))) {
                less += 1;
                let mut value = case.value.clone();
                value.pointer_mut(&place).and_then(Value::as_object_mut).map(|at| at.remove(key));
                let optional = OPTIONAL.contains(&key.as_str());
                let host = place.ends_with("/host/address");
                assert_eq!(
                    validator.is_valid(&value),
                    optional && !host,
                    "{}: {place} without {key}",
                    case.name
                );
            }
        }
    }
    assert!(more > 100 && less > 500, "{more} places, {less} fields");
    Ok(())
}

fn is_index(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit())
}

fn keys(value: &Value, place: &str) -> Vec<String> {
    let object = value.pointer(place).and_then(Value::as_object);
    object.into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

/// The place of every object.
fn places(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                places(field, format!("{at}/{key}"), found);
            }
            found.push(at);
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Every field of every type says what it is.
#[test]
fn the_schema_describes_every_field() -> Result<(), String> {
    let schema = whyconn::docs::schema().map_err(|error| error.to_string())?;
    let schema: Value = serde_json::from_str(&schema).map_err(|error| error.to_string())?;
    let mut objects = Vec::new();
    places(&schema, String::new(), &mut objects);
    let mut fields = 0;
    for place in objects.iter().filter(|place| place.ends_with("/properties")) {
        let is_rule = ["/if/", "/then/", "/else/"].iter().any(|rule| place.contains(rule));
        for key in keys(&schema, place).into_iter().filter(|_| !is_rule) {
            fields += 1;
            let field = schema.pointer(&format!("{place}/{key}")).unwrap_or(&Value::Null);
            let told = field.get("description").is_some() || field.get("$ref").is_some();
            assert!(told, "{place}/{key} is not described");
        }
    }
    assert!(fields > 200, "{fields} fields");
    Ok(())
}

fn remove(report: &mut Value, key: &str) {
    if let Some(report) = report.as_object_mut() {
        report.remove(key);
    }
}

fn writes() -> bool {
    env::var_os("WHYCONN_WRITE").is_some_and(|value| value == "1")
}

/// A terminal of 24 lines holds the usual report.
const LINES: usize = 24;

/// One test for all, because the choice of colour holds for the whole process.
#[test]
fn every_case_is_rendered_as_before() -> Result<(), String> {
    let write = writes();
    let plain = Style { unicode: false, width: 80, color: Some(false) };
    let wide = Style { unicode: true, width: 100, color: Some(false) };
    let colour = Style { color: Some(true), ..plain.clone() };
    let mut expected = BTreeSet::new();
    let mut coloured = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in cases()? {
        let (report, story) = case.again()?;
        let mut looks = vec![
            ("md", markdown(&report, &story, Detail::Usual)),
            ("txt", human(&report, &story, Detail::Usual, &plain)),
            ("wide.txt", human(&report, &story, Detail::Usual, &wide)),
            ("verbose.txt", human(&report, &story, Detail::All, &plain)),
        ];
        // One case of each verdict in colour.
        if coloured.insert(report.verdict.code) {
            looks.push(("color.txt", human(&report, &story, Detail::Usual, &colour)));
        }
        for (kind, text) in looks {
            wrong.extend(misshapen(&text, kind).map(|what| format!("{}.{kind}: {what}", case.name)));
            let file = format!("{}.{kind}", case.name);
            wrong.extend(compare(&file, &text, write)?);
            expected.insert(file);
        }
        let line = human(&report, &story, Detail::Line, &plain);
        if line.lines().count() != 1 || !line.starts_with(report.verdict.code.as_str()) {
            wrong.push(format!("{}: the verdict line is {line:?}", case.name));
        }
    }
    let there = files("golden")?;
    wrong.extend(there.difference(&expected).map(|file| format!("tests/golden/{file} belongs to no case")));
    let missing = CATALOG.iter().filter(|entry| !coloured.contains(&entry.code));
    wrong.extend(missing.map(|entry| format!("{} has no case", entry.id)));
    all(wrong)
}

/// What no rendering of its kind may have.
fn misshapen(text: &str, kind: &str) -> Option<String> {
    let coloured = kind == "color.txt";
    if text.contains('\u{1b}') != coloured {
        return Some(format!("colour: {}", !coloured));
    }
    if text.lines().any(|line| line.ends_with(' ')) {
        return Some("a line ends with a space".into());
    }
    if kind == "md" {
        return None;
    }
    if kind != "wide.txt" && !text.is_ascii() {
        return Some("beyond ASCII".into());
    }
    // A partial success has two conversations to show.
    let most = if text.starts_with("connected.partial") { LINES + 3 } else { LINES };
    if kind == "txt" && text.lines().count() > most {
        return Some(format!("{} lines", text.lines().count()));
    }
    let width = if kind == "wide.txt" { 100 } else { 80 };
    // Commands are never wrapped; they stand two columns behind the text.
    let too_long = |line: &&str| line.chars().count() > width && !line.starts_with("            ");
    text.lines().filter(|_| !coloured).find(too_long).map(|line| format!("too long: {line}"))
}

fn compare(file: &str, text: &str, write: bool) -> Result<Option<String>, String> {
    let path = folder("golden").join(file);
    let known = fs::read_to_string(&path).ok();
    if known.as_deref() == Some(text) {
        return Ok(None);
    }
    if write {
        fs::write(&path, text).map_err(|error| format!("tests/golden/{file}: {error}"))?;
        return Ok(None);
    }
    let line = known.as_deref().map_or(1, |known| {
        1 + known.lines().zip(text.lines()).take_while(|(known, now)| known == now).count()
    });
    let now = text.lines().nth(line - 1).unwrap_or("(nothing more)");
    Ok(Some(format!("tests/golden/{file} differs, first in line {line}, which is now: {now}")))
}
