use super::*;

fn run() -> Run {
    let begun = Instant::now();
    let server = "127.0.0.1:53".parse().unwrap();
    let ask = DirectAsk {
        names: vec!["db.example".into()],
        family: None,
        servers: vec![server],
        compare: false,
        over_tcp: false,
        begun,
        deadline: begun + AGAIN,
        tables: Arc::new(Tables::default()),
    };
    Run::new(Arc::new(ask), server, watch::Sender::new(false).subscribe())
}

fn says(rcode: u16) -> Response {
    Response::Answer(DnsAnswer {
        rcode,
        truncated: false,
        addresses: Vec::new(),
        aliases: Vec::new(),
        alias_loop: false,
        extended: Vec::new(),
    })
}

#[test]
fn the_first_error_about_the_form_may_be_about_edns_however_late_it_comes() {
    // Sent once, with EDNS; or twice, and the second time without.
    for sent in [1, 2] {
        for rcode in [1, 4] {
            let mut run = run();
            let exchange = run.begin("db.example", RecordKind::A, Transport::Udp);
            run.view.exchanges[exchange].sent = sent;
            let question = Question::new(7, "db.example", RecordKind::A).unwrap();
            let later = Instant::now() + AGAIN;
            let waiting = Pending { question, exchange, edns_unanswered: true, again: later };
            let (mut pending, mut cut_short) = (Vec::new(), Vec::new());
            run.settle(waiting, says(rcode), &mut pending, &mut cut_short);
            assert_eq!(run.view.exchanges[exchange].outcome, ExchangeOutcome::Silent);
            let waiting = pending.pop().unwrap();
            assert!(waiting.again <= Instant::now(), "it is asked again at once");
            // The next one is about the question in its oldest form.
            run.settle(waiting, says(rcode), &mut pending, &mut cut_short);
            assert!(pending.is_empty());
            assert!(
                matches!(&run.view.exchanges[exchange].outcome, ExchangeOutcome::Answer(answer) if answer.rcode == rcode)
            );
        }
    }
}
