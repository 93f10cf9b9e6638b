//! Every fault that the rules decide, next to its look-alikes, and what holds for all of them.

#[path = "tests/alias.rs"]
mod alias;
#[path = "tests/answered.rs"]
mod answered;
#[path = "tests/build.rs"]
mod build;
#[path = "tests/ends.rs"]
mod ends;
#[path = "tests/here.rs"]
mod here;
#[path = "tests/listeners.rs"]
mod listeners;
#[path = "tests/mapped.rs"]
mod mapped;
#[path = "tests/names.rs"]
mod names;
#[path = "tests/on_link.rs"]
mod on_link;
#[path = "tests/properties.rs"]
mod properties;
#[path = "tests/remarks.rs"]
mod remarks;
#[path = "tests/rewritten.rs"]
mod rewritten;
#[path = "tests/row.rs"]
mod row;
#[path = "tests/servers.rs"]
mod servers;
#[path = "tests/silent.rs"]
mod silent;
#[path = "tests/spoken.rs"]
mod spoken;
#[path = "tests/stripped.rs"]
mod stripped;
#[path = "tests/told.rs"]
mod told;
#[path = "tests/udp.rs"]
mod udp;
#[path = "tests/unix.rs"]
mod unix;
#[path = "tests/unreached.rs"]
mod unreached;
#[path = "tests/unread.rs"]
mod unread;
#[path = "tests/way.rs"]
mod way;
#[path = "tests/without.rs"]
mod without;
#[path = "tests/words.rs"]
mod words;

use row::Row;

fn all_rows() -> Vec<Row> {
    let mut rows = answered::rows();
    rows.extend(silent::rows());
    rows.extend(on_link::rows());
    rows.extend(way::rows());
    rows.extend(here::rows());
    rows.extend(names::rows());
    rows.extend(servers::rows());
    rows.extend(unread::rows());
    rows.extend(unreached::rows());
    rows.extend(alias::rows());
    rows.extend(mapped::rows());
    rows.extend(listeners::rows());
    rows.extend(ends::rows());
    rows.extend(unix::rows());
    rows.extend(udp::rows());
    rows.extend(rewritten::rows());
    rows
}

#[test]
fn every_fault_gets_its_verdict() {
    let mut wrong = Vec::new();
    for row in all_rows() {
        let finding = super::diagnose(&row.evidence).finding;
        let got = (finding.code, finding.certainty, finding.culprit, finding.variant);
        let wanted = (row.code, row.certainty, row.culprit, row.variant);
        if got != wanted {
            wrong.push(format!(
                "{}:\n  wanted {wanted:?}\n  got    {got:?} because {:?}",
                row.name, finding.because
            ));
        } else if let Some(alternatives) = row.alternatives.filter(|wanted| *wanted != finding.alternatives) {
            wrong.push(format!(
                "{}:\n  wanted or {alternatives:?}\n  got    or {:?}",
                row.name, finding.alternatives
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_row_has_a_name_of_its_own() {
    let mut names: Vec<String> = all_rows().into_iter().map(|row| row.name).collect();
    names.sort();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
