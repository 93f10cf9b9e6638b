use super::*;
use std::fs;
use std::io::Write as _;
use std::os::fd::OwnedFd;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

async fn next(readers: &RefCell<VecDeque<Reader>>) -> Option<Line> {
    loop {
        let next = readers.borrow_mut().front_mut().unwrap().next_now().unwrap();
        match next {
            Next::Line(line) => return Some(line),
            Next::End => return None,
            Next::Wait(wait) => wait.fill(readers).await.unwrap(),
        }
    }
}

fn all(reader: Reader) -> Vec<(u64, Result<String, &'static str>)> {
    let readers = RefCell::new(VecDeque::from([reader]));
    block_on(async {
        let mut lines = Vec::new();
        while let Some(line) = next(&readers).await {
            lines.push((line.number, line.text));
        }
        lines
    })
}

fn of_file(name: &str, bytes: &[u8]) -> Reader {
    let path = std::env::temp_dir().join(format!("whyconn-reader-{}-{name}", std::process::id()));
    fs::write(&path, bytes).unwrap();
    let reader = Reader::open(&path).unwrap();
    // What is open stays readable.
    fs::remove_file(&path).unwrap();
    reader
}

fn of_pipe(bytes: Vec<u8>) -> Reader {
    let (from, mut to) = io::pipe().unwrap();
    std::thread::spawn(move || drop(to.write_all(&bytes)));
    let feed = Reader::threaded(File::from(OwnedFd::from(from))).unwrap();
    Reader::of("a pipe".into(), feed)
}

#[test]
fn comments_and_blank_lines_are_counted_and_left_out() {
    let text = "\u{feff}# head\n\n  a:1  \r\nb:2 # why\n\thttp://c/#top\n #d:4\ne 5";
    let expected = [(3, "a:1"), (4, "b:2"), (5, "http://c/#top"), (7, "e 5")];
    let expected: Vec<_> = expected.map(|(number, text)| (number, Ok(text.to_owned()))).to_vec();
    assert_eq!(all(of_file("comments", text.as_bytes())), expected);
    assert_eq!(all(of_pipe(text.as_bytes().to_vec())), expected);
    assert_eq!(all(of_file("empty", b"")), []);
    assert_eq!(all(of_file("newlines", b"\n\n")), []);
}

#[test]
fn lines_that_are_no_text_or_too_long_are_told_and_the_rest_goes_on() {
    let mut bytes = b"a:1\n\xff:2\n# \xff\n".to_vec();
    bytes.extend(vec![b'x'; 3 * BLOCK]);
    bytes.extend(b"\nb:2\n");
    bytes.extend(vec![b'y'; LONGEST + 1]);
    let rows = [
        (1, Ok("a:1".to_owned())),
        (2, Err("the line is not UTF-8")),
        (4, Err(TOO_LONG)),
        (5, Ok("b:2".to_owned())),
        (6, Err(TOO_LONG)),
    ];
    assert_eq!(all(of_file("long", &bytes)), rows);
    assert_eq!(all(of_pipe(bytes)), rows);
}

#[test]
fn lines_across_blocks_stay_whole_and_the_buffer_stays_small() {
    let lines: Vec<String> =
        (0..40_000).map(|number| format!("host-{number}.example:{}", number % 100 + 1)).collect();
    let text = lines.join("\n");
    for reader in [of_file("blocks", text.as_bytes()), of_pipe(text.clone().into_bytes())] {
        let readers = RefCell::new(VecDeque::from([reader]));
        block_on(async {
            for (number, expected) in (1..).zip(&lines) {
                let line = next(&readers).await.unwrap();
                assert_eq!((line.number, line.text.as_ref()), (number, Ok(expected)));
                assert!(readers.borrow()[0].block.len() <= 2 * BLOCK + LONGEST);
            }
            assert_eq!(next(&readers).await, None);
            assert_eq!(next(&readers).await, None);
        });
    }
}

#[test]
fn a_file_knows_what_lies_ahead() {
    let mut short = of_file("short", b"a:1\nb:2\n");
    assert!(short.has_ahead(2) && !short.has_ahead(3));
    assert_eq!(all(short).len(), 2);
    assert!(Reader::open(Path::new("/nowhere/at/all")).is_err());
    assert!(Reader::open(Path::new("/")).is_err());
}
