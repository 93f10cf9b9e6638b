//! Every fault that the rules decide, next to its look-alikes, and what holds for all of them.

#[path = "tests/answered.rs"]
mod answered;
#[path = "tests/build.rs"]
mod build;
#[path = "tests/here.rs"]
mod here;
#[path = "tests/names.rs"]
mod names;
#[path = "tests/properties.rs"]
mod properties;
#[path = "tests/row.rs"]
mod row;
#[path = "tests/silent.rs"]
mod silent;
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
    rows.extend(way::rows());
    rows.extend(here::rows());
    rows.extend(names::rows());
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
