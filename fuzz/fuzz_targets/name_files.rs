#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whyconn::fuzzing::name_files(bytes));
