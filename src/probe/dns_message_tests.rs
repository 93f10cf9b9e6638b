use super::*;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{A, AAAA, CNAME};

fn question() -> Question {
    Question::new(7, "db.example", RecordKind::A).unwrap()
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn response(question: &Question, answers: Vec<Record>) -> Message {
    let mut message = Message::response(question.id, OpCode::Query);
    message.add_query(Query::query(question.name.clone(), RecordType::A));
    message.insert_answers(answers);
    message
}

fn read(question: &Question, message: &Message) -> DnsAnswer {
    match question.read(&message.to_vec().unwrap()) {
        Response::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn a(owner: &str, last: u8) -> Record {
    Record::from_rdata(name(owner), 60, RData::A(A::new(203, 0, 113, last)))
}

fn cname(owner: &str, target: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
}

#[test]
fn a_question_is_one_name_with_room_for_extended_errors() {
    let bytes = question().bytes(true);
    let message = Message::from_vec(&bytes).unwrap();
    assert!(message.metadata.recursion_desired);
    assert_eq!(message.queries.len(), 1);
    assert_eq!(message.edns.unwrap().max_payload(), MOST_UDP);
    assert!(Message::from_vec(&question().bytes(false)).unwrap().edns.is_none());
    assert!(Question::new(1, &"a".repeat(64), RecordKind::A).is_none());
}

#[test]
fn an_answer_holds_the_addresses_at_the_end_of_its_aliases_and_no_others() {
    let asked = question();
    let answers = vec![
        cname("db.example.", "db1.example."),
        a("db1.example.", 9),
        a("db1.example.", 9),
        a("elsewhere.example.", 66),
        Record::from_rdata(name("db1.example."), 60, RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))),
    ];
    let answer = read(&asked, &response(&asked, answers));
    assert_eq!(answer.addresses, ["203.0.113.9".parse::<IpAddr>().unwrap()]);
    assert_eq!(answer.aliases, ["db1.example"]);
    assert!(!answer.alias_loop);
}

#[test]
fn aliases_that_lead_in_a_circle_end() {
    let asked = question();
    let answers = vec![cname("db.example.", "b.example."), cname("b.example.", "db.example.")];
    let answer = read(&asked, &response(&asked, answers));
    assert!(answer.alias_loop && answer.addresses.is_empty());
    assert_eq!(answer.aliases, ["b.example", "db.example"]);
    let long = (0..100).map(|n| cname(&format!("n{n}.example."), &format!("n{}.example.", n + 1)));
    let mut long: Vec<Record> = std::iter::once(cname("db.example.", "n0.example.")).chain(long).collect();
    assert_eq!(read(&asked, &response(&asked, long.clone())).aliases.len(), MOST_ALIASES);
    long.push(a("n100.example.", 9));
    let answer = read(&asked, &response(&asked, long));
    assert_eq!((answer.aliases.len(), answer.addresses.len(), answer.alias_loop), (MOST_ALIASES, 1, false));
}

#[test]
fn an_extended_error_is_kept_and_made_safe() {
    let asked = question();
    let mut message = response(&asked, Vec::new());
    message.metadata.response_code = ResponseCode::ServFail;
    let mut edns = Edns::new();
    let mut bytes = vec![0, 6];
    bytes.extend_from_slice("bogus \u{1b}[31m".as_bytes());
    edns.options_mut().insert(EdnsOption::Unknown(EXTENDED_ERROR, bytes));
    message.set_edns(edns);
    let answer = read(&asked, &message);
    assert_eq!(answer.rcode, 2);
    assert_eq!(answer.extended.first().map(|error| error.code), Some(6));
    assert_eq!(answer.extended.first().map(|error| error.text.as_str()), Some(r"bogus \u{1b}[31m"));
}

#[test]
fn names_with_control_characters_are_escaped() {
    let asked = question();
    let evil = Name::from_labels(vec![&b"a\x1b[2Jb\n"[..], b"example"]).unwrap();
    let record = Record::from_rdata(name("db.example."), 60, RData::CNAME(CNAME(evil)));
    let answer = read(&asked, &response(&asked, vec![record]));
    let alias = answer.aliases.first().unwrap();
    assert!(!alias.chars().any(crate::sanitize::is_unsafe), "{alias}");
}

#[test]
fn what_is_not_the_answer_is_told_apart() {
    let asked = question();
    let good = response(&asked, vec![a("db.example.", 1)]).to_vec().unwrap();
    let mut other_id = good.clone();
    other_id[1] ^= 1;
    assert_eq!(asked.read(&other_id), Response::NotOurs);
    assert_eq!(asked.read(&asked.bytes(true)), Response::NotOurs, "our own question, reflected");
    let other = Question::new(7, "mail.example", RecordKind::A).unwrap();
    assert_eq!(other.read(&good), Response::NotOurs);
    assert!(matches!(asked.read(&good[..good.len() - 3]), Response::Malformed(_)));
    for length in 0..good.len() {
        let _ = asked.read(&good[..length]);
    }
}
