use super::*;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

/// A directory of this test's own, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("whyconn-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Scratch(fs::canonicalize(path).unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn end(&self, name: &str) -> Standing {
        look_at_path(&self.path(name)).unwrap().end
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn each_kind_of_file_is_told() {
    let dir = Scratch::new("kinds");
    let _listener = UnixListener::bind(dir.path("socket")).unwrap();
    fs::write(dir.path("plain"), "x").unwrap();
    fs::create_dir(dir.path("directory")).unwrap();
    nix::unistd::mkfifo(dir.path("pipe").as_str(), nix::sys::stat::Mode::S_IRUSR).unwrap();
    let kind = |path: &str| match look_at_path(path).unwrap().end {
        Standing::File { kind, .. } => kind,
        other => panic!("{path}: {other:?}"),
    };
    assert_eq!(kind(&dir.path("socket")), FileKind::Socket);
    assert_eq!(kind(&dir.path("plain")), FileKind::File);
    assert_eq!(kind(&dir.path("directory")), FileKind::Directory);
    assert_eq!(kind(&dir.path("directory/")), FileKind::Directory);
    assert_eq!(kind(&dir.path("directory/..//./socket")), FileKind::Socket);
    assert_eq!(kind(&dir.path("pipe")), FileKind::Pipe);
    assert_eq!(kind("/dev/null"), FileKind::Device);
    assert_eq!(kind("/"), FileKind::Directory);
}

#[test]
fn mode_inode_and_the_right_to_write_are_those_of_the_file() {
    let dir = Scratch::new("mode");
    let path = dir.path("socket");
    let _listener = UnixListener::bind(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let Standing::File { access, inode, writable, .. } = dir.end("socket") else { panic!("no file") };
    let seen = fs::metadata(&path).unwrap();
    assert_eq!((access.mode.as_str(), access.uid, access.gid), ("0640", seen.uid(), seen.gid()));
    assert_eq!((inode, writable), (seen.ino(), true));
}

#[test]
fn the_first_part_that_is_missing_is_named() {
    let dir = Scratch::new("missing");
    fs::write(dir.path("plain"), "x").unwrap();
    assert_eq!(dir.end("a/b/c"), Standing::Missing { at: dir.path("a"), link: None });
    assert_eq!(dir.end("plain/b"), Standing::NotDirectory { at: dir.path("plain") });
    assert_eq!(dir.end("plain/"), Standing::NotDirectory { at: dir.path("plain") });
}

#[test]
fn links_are_followed_and_one_that_dangles_is_named() {
    let dir = Scratch::new("links");
    fs::create_dir(dir.path("real")).unwrap();
    let _listener = UnixListener::bind(dir.path("real/socket")).unwrap();
    symlink("real", dir.path("relative")).unwrap();
    symlink(dir.path("relative/socket"), dir.path("absolute")).unwrap();
    let look = look_at_path(&dir.path("absolute")).unwrap();
    assert_eq!(look.real, dir.path("real/socket"));
    assert!(matches!(look.end, Standing::File { kind: FileKind::Socket, .. }));
    symlink("nowhere/x", dir.path("dangling")).unwrap();
    let missing = Standing::Missing { at: dir.path("nowhere"), link: Some(dir.path("dangling")) };
    assert_eq!(dir.end("dangling"), missing);
    symlink("circle", dir.path("circle")).unwrap();
    assert_eq!(dir.end("circle"), Standing::Loop);
}

#[test]
fn a_missing_file_behind_a_good_link_is_not_the_link_s_fault() {
    let dir = Scratch::new("behind");
    fs::create_dir(dir.path("real")).unwrap();
    symlink("real", dir.path("link")).unwrap();
    assert_eq!(dir.end("link/x"), Standing::Missing { at: dir.path("real/x"), link: None });
}

#[test]
fn a_hostile_link_is_bounded_and_made_safe() {
    let dir = Scratch::new("hostile");
    symlink("a\u{1b}[31m", dir.path("link")).unwrap();
    let Standing::Missing { at, .. } = dir.end("link") else { panic!("it does not dangle") };
    assert!(!at.chars().any(crate::sanitize::is_unsafe), "{at}");
}

#[test]
fn a_socket_is_known_by_its_file_and_its_path_by_its_text() {
    let dir = Scratch::new("same");
    let path = dir.path("socket");
    let _listener = UnixListener::bind(&path).unwrap();
    symlink("socket", dir.path("link")).unwrap();
    let seen = fs::metadata(&path).unwrap();
    let inode = seen.ino() as u32;
    for name in ["socket", "link"] {
        let known = SocketPath::new(&dir.path(name));
        assert!(known.reads_like(path.as_bytes()) && known.is((inode, u32::MAX), path.as_bytes()));
        assert!(!known.is((inode.wrapping_add(1), u32::MAX), path.as_bytes()));
        assert!(!known.is((inode, u32::MAX), b"/elsewhere/other"), "another device, another name");
    }
    let gone = SocketPath::new(&dir.path("gone"));
    assert!(gone.reads_like(dir.path("gone").as_bytes()) && !gone.is((inode, 0), b"gone"));
}
