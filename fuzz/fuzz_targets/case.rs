//! Reports that are fed back: libFuzzer chooses which places of a recorded one change, and to what.

#![no_main]

#[path = "../../tests/properties/fed_back.rs"]
mod fed_back;
#[path = "../../tests/properties/mutate.rs"]
mod mutate;

use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target, fuzzer_mutate};
use mutate::Random;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus {
    match serde_json::from_slice(bytes) {
        Ok(value) if fed_back::feed(&value) => libfuzzer_sys::Corpus::Keep,
        _ => libfuzzer_sys::Corpus::Reject,
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let Ok(mut value) = serde_json::from_slice::<Value>(&data[..size]) else {
        return fuzzer_mutate(data, size, max_size);
    };
    // Of a whole report only the evidence counts.
    if let Some(evidence) = value.get_mut("evidence") {
        value = evidence.take();
    }
    let mut random = Random::new(u64::from(seed));
    if random.below(8) == 0 {
        bend_a_text(&mut value, &mut random);
    } else {
        mutate::mutate(&mut value, &Value::Null, &mut random);
    }
    write(&value, data, max_size).unwrap_or(size)
});

fuzz_crossover!(|one: &[u8], other: &[u8], out: &mut [u8], seed: u32| {
    let (Ok(mut value), Ok(other)) = (serde_json::from_slice(one), serde_json::from_slice(other)) else {
        return 0;
    };
    mutate::mutate(&mut value, &other, &mut Random::new(u64::from(seed)));
    let most = out.len();
    write(&value, out, most).unwrap_or(0)
});

/// Writes JSON to where it is asked for; its length, if there is room.
fn write(value: &Value, out: &mut [u8], most: usize) -> Option<usize> {
    let text = serde_json::to_vec(value).ok()?;
    out.get_mut(..text.len().min(most)).filter(|room| room.len() == text.len())?.copy_from_slice(&text);
    Some(text.len())
}

/// Gives one text of the report to libFuzzer's own mutations.
fn bend_a_text(value: &mut Value, random: &mut Random) {
    let places: Vec<String> = mutate::places(value)
        .into_iter()
        .filter(|place| value.pointer(place).is_some_and(Value::is_string))
        .collect();
    if places.is_empty() {
        return;
    }
    let Some(Value::String(text)) = value.pointer_mut(random.of(&places)) else { return };
    let mut bytes = text.clone().into_bytes();
    let length = bytes.len();
    bytes.resize(length + 64, 0);
    let most = bytes.len();
    let length = fuzzer_mutate(&mut bytes, length, most);
    bytes.truncate(length);
    *text = String::from_utf8_lossy(&bytes).into_owned();
}
