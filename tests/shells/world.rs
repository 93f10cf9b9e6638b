//! A folder with the names that the shells find: hosts, services, a socket; and how the shells are run in it.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, fs, io, process, thread};

/// Services and hosts as `getent` lists them; two are names that no shell may run.
const GETENT: &str = r"#!/bin/sh
case $1 in
    services) cat <<'END'
postgresql            5432/tcp postgres
https                 443/tcp
https                 443/udp
onlyudp               9/udp
`pwned`               7/tcp
$(pwned)              7/tcp
END
    ;;
    hosts) echo '198.51.100.7  db.example' ;;
esac
";

/// How long a shell may take to come to its prompt.
const PATIENCE: Duration = Duration::from_secs(30);

/// Removed when it is dropped.
pub struct World {
    folder: PathBuf,
    _socket: UnixListener,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl World {
    pub fn new(name: &str) -> Result<Self, String> {
        // A socket's path has room for 107 bytes: the target directory's may be too long.
        let folder = env::temp_dir().join(format!("whyconn-{name}-{}", process::id()));
        Self::fill(&folder).map_err(|error| format!("{}: {error}", folder.display()))
    }

    fn fill(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder.join("bin"))?;
        fs::create_dir_all(folder.join(".ssh"))?;
        fs::write(folder.join("hosts"), "198.51.100.7 db.example\n")?;
        // A host key's line; no shell reads beyond the name.
        fs::write(folder.join(".ssh/known_hosts"), "db.example ssh-ed25519 AAAA\n")?;
        fs::write(folder.join("apart.txt"), "")?;
        let getent = folder.join("bin/getent");
        fs::write(&getent, GETENT)?;
        fs::set_permissions(&getent, fs::Permissions::from_mode(0o755))?;
        let socket = UnixListener::bind(folder.join("app.sock"))?;
        Ok(World { folder: folder.to_path_buf(), _socket: socket })
    }

    pub fn folder(&self) -> String {
        self.folder.to_string_lossy().into_owned()
    }

    /// Writes a file, and gives its path.
    pub fn file(&self, name: &str, text: &str) -> Result<String, String> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path.to_string_lossy().into_owned())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = env::var("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", format!("{}/bin:{path}", self.folder()))
            .env("HOME", &self.folder)
            .env("XDG_RUNTIME_DIR", &self.folder)
            .env("HOSTFILE", self.folder.join("hosts"))
            .env("LC_ALL", "C.UTF-8")
            .env("TERM", "xterm")
            .current_dir(&self.folder);
        command
    }

    /// What a program prints; an error if it fails.
    pub fn run(&self, program: &str, words: &[&str]) -> Result<String, String> {
        let output = self.command(program).args(words).stdin(Stdio::null()).output();
        let output = output.map_err(|error| format!("{program}: {error}"))?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            Ok(printed)
        } else {
            Err(format!("{program}: {}: {}{printed}", output.status, String::from_utf8_lossy(&output.stderr)))
        }
    }

    /// Starts a shell in a terminal (by script(1)), types each line when the prompt is there, and gives all that
    /// was shown. The shell ends by itself, or at the end of the input.
    pub fn type_into(&self, shell: &str, prompt: &str, lines: &[&str]) -> Result<String, String> {
        let told = |error: io::Error| format!("script: {error}");
        let mut child = self
            .command("script")
            .args(["-q", "-e", "-c", shell, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(told)?;
        let mut stdin = child.stdin.take().ok_or("no standard input")?;
        let mut stdout = child.stdout.take().ok_or("no standard output")?;
        let (sender, receiver) = mpsc::channel();
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut bytes) {
                if sender.send(bytes.iter().copied().take(count).collect::<Vec<u8>>()).is_err() {
                    break;
                }
            }
        });
        let mut shown = Vec::new();
        let mut typed = 0;
        let ended = loop {
            let prompts = String::from_utf8_lossy(&shown).matches(prompt).count();
            if !prompt.is_empty() && prompts > typed {
                let line = lines.get(typed).copied().unwrap_or("exit");
                if typed <= lines.len() {
                    stdin.write_all(format!("{line}\r").as_bytes()).map_err(told)?;
                }
                typed += 1;
                continue;
            }
            match receiver.recv_timeout(PATIENCE) {
                Ok(bytes) => shown.extend(bytes),
                Err(mpsc::RecvTimeoutError::Disconnected) => break true,
                Err(mpsc::RecvTimeoutError::Timeout) => break false,
            }
        };
        if !ended {
            let _ = child.kill();
        }
        drop(stdin);
        let _ = child.wait();
        let _ = reader.join();
        let shown = String::from_utf8_lossy(&shown).into_owned();
        if ended { Ok(shown) } else { Err(format!("{shell} does not come to an end:\n{shown}")) }
    }
}
