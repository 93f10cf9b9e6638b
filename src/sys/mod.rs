//! What the operating system knows, as plain functions that return the model's nouns.
//!
//! The only room with system calls, and (in one small module) the only one with `unsafe`. Functions here
//! report what the kernel said; what it means is decided elsewhere.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::*;

#[cfg(not(target_os = "linux"))]
compile_error!("whyconn reads Linux's error queue, TCP_INFO and rtnetlink; no other system is supported");
