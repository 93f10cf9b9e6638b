//! `struct tcp_info` (include/uapi/linux/tcp.h), decoded by the length that the kernel returned.

use crate::model::{Millis, TcpInfo, TcpState};

/// Offsets in bytes; the structure only ever grows at its end.
mod offset {
    pub(super) const STATE: usize = 0;
    pub(super) const RETRANSMITS: usize = 2;
    pub(super) const RETRANS: usize = 36;
    pub(super) const RTT: usize = 68;
    pub(super) const TOTAL_RETRANS: usize = 100;
    pub(super) const SEGS_OUT: usize = 136;
    pub(super) const SEGS_IN: usize = 140;
}

/// Decodes the fields that a handshake shows; `None` if not even the state is there.
pub(super) fn decode(bytes: &[u8]) -> Option<TcpInfo> {
    let u32_at =
        |at: usize| -> Option<u32> { bytes.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes) };
    Some(TcpInfo {
        state: TcpState::from(*bytes.get(offset::STATE)?),
        timeouts: *bytes.get(offset::RETRANSMITS)?,
        in_flight_retransmits: u32_at(offset::RETRANS),
        retransmits: u32_at(offset::TOTAL_RETRANS),
        segments_out: u32_at(offset::SEGS_OUT),
        segments_in: u32_at(offset::SEGS_IN),
        rtt_ms: u32_at(offset::RTT)
            .filter(|micros| *micros > 0)
            .map(|micros| Millis(f64::from(micros) / 1e3)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_beyond_the_returned_length_are_absent() {
        let mut bytes = [0_u8; 144];
        bytes[offset::STATE] = 2;
        bytes[offset::RETRANSMITS] = 3;
        bytes[offset::SEGS_OUT..offset::SEGS_OUT + 4].copy_from_slice(&4_u32.to_ne_bytes());
        let whole = decode(&bytes).unwrap();
        assert_eq!((whole.state, whole.timeouts), (TcpState::SynSent, 3));
        assert_eq!((whole.segments_out, whole.segments_in), (Some(4), Some(0)));
        // Linux before 4.2 returned 104 bytes.
        let old = decode(&bytes[..104]).unwrap();
        assert_eq!((old.retransmits, old.segments_out, old.segments_in), (Some(0), None, None));
    }

    #[test]
    fn any_length_is_decoded_without_a_panic() {
        let bytes = [0xff_u8; 300];
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]).is_some(), length >= 3, "{length}");
        }
    }
}
