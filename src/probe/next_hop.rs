//! Where an attempt's packets go first: the route, its device, and the neighbour at the other end of the link.

use super::Shared;
use super::connect::{LINGER, Run, TICK};
use crate::model::{DevicePackets, Fact, Family, NeighbourSample, NeighbourState};
use crate::sys::{self, Flow, interface_index};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::time::sleep_until;

/// What was read within so many ms was read at one moment.
const AT_ONCE: f64 = 5.0;

/// What this host's tables may take, however late it is.
const LEAST: Duration = Duration::from_millis(40);

/// How long the kernel waits for a neighbour before it asks again, or gives up (`RETRANS_TIME`, include/net/neighbour.h),
/// and a little longer.
const NEIGHBOUR_ASKS: Duration = Duration::from_millis(1100);

impl Run {
    /// The route for this flow.
    pub(super) fn read_route(&mut self) {
        let request = &self.ask.request;
        let device = match self.seen.address {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => Some(v6.scope_id()),
            _ => request.interface.as_deref().and_then(|name| interface_index(name).ok()),
        };
        let flow = Flow {
            transport: self.seen.transport,
            destination: match self.seen.address.ip() {
                // Where the kernel connects the unspecified address to.
                IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
                ip => ip,
            },
            port: self.seen.address.port(),
            source: self.seen.source.map(|source| source.ip()).or(request.source),
            source_port: self.seen.source.map(|source| source.port()).or(request.source_port),
            device,
        };
        self.flow = Some(flow);
        self.seen.route = self.ask.tables.ask(|tables| tables.route(&flow));
    }

    /// The route's device: is it up, is anything at its other end?
    pub(super) async fn read_link(&mut self) {
        if let Some(index) = self.seen.route().and_then(|route| route.device_index) {
            self.seen.link = self.ask.tables.link(index, self.promised(), self.flow.as_ref()).await;
        }
    }

    /// Until when an answer is promised; never at once.
    fn promised(&self) -> Instant {
        let promised = self.begun + self.ask.request.timeout_ms.to_duration() + LINGER;
        promised.max(Instant::now() + LEAST)
    }

    /// Begins to ask about the device while there is nothing else to do: its answer may take its time.
    pub(super) fn begin_link(&self, left: Duration) {
        if (left <= 2 * TICK || self.neighbour_was_missing())
            && let Some(index) = self.seen.route().and_then(|route| route.device_index)
        {
            self.ask.tables.begin_link(index);
        }
    }

    /// The neighbour that the SYN goes through, if the route has one.
    pub(super) fn read_neighbour(&mut self) {
        let Some((address, device)) = self.next_hop() else { return };
        let at_ms = self.now();
        let mut sample = self.ask.tables.ask(|tables| tables.neighbour(address, device, at_ms));
        // Who is asked and does not answer may be kept from it here: the device tells what passed.
        if let Fact::Seen(sample) = &mut sample
            && sample.state == NeighbourState::Incomplete
        {
            sample.device_packets = self.device_packets(device);
            let read_ms = self.now();
            if let Some(packets) = &mut sample.device_packets
                && read_ms.0 - at_ms.0 >= AT_ONCE
            {
                packets.read_ms = Some(read_ms);
            }
        }
        match (&mut self.seen.neighbour, sample) {
            (Fact::Seen(samples), Fact::Seen(sample)) => samples.push(sample),
            (samples, Fact::Seen(sample)) => *samples = Fact::<Vec<NeighbourSample>>::Seen(vec![sample]),
            (samples, Fact::CouldNotLook(why)) if !samples.was_asked() => *samples = Fact::CouldNotLook(why),
            _ => {}
        }
    }

    /// What a device has carried so far.
    fn device_packets(&self, device: u32) -> Option<DevicePackets> {
        // rtnetlink's answer may have to wait for somebody who changes devices.
        sys::device_packets(device)
            .unwrap_or_else(|_| *self.ask.tables.ask(|tables| tables.device_packets(device)).seen()?)
    }

    /// The device and the neighbour, as others on the same way have seen them a moment ago.
    pub(super) fn read_shared(&mut self, shared: &Shared) {
        if let Some(index) = self.seen.route().and_then(|route| route.device_index) {
            self.seen.link = shared.link(index);
        }
        match self.next_hop() {
            Some((address, device)) if self.seen.gateway().is_some() => {
                self.seen.neighbour = match shared.neighbour(address, device, self.now()) {
                    Fact::Seen(sample) => Fact::Seen(vec![sample]),
                    Fact::CouldNotLook(why) => Fact::CouldNotLook(why),
                    Fact::NotAsked => Fact::NotAsked,
                };
            }
            _ => self.read_neighbour(),
        }
    }

    /// Whether the last look found ARP or neighbour discovery without an answer from the route's next hop.
    pub(super) fn neighbour_was_missing(&self) -> bool {
        let missing = |sample: &NeighbourSample| sample.state == NeighbourState::Incomplete;
        self.other.is_none() && self.seen.last_neighbour().is_some_and(missing)
    }

    fn next_hop(&self) -> Option<(IpAddr, u32)> {
        let route = self.seen.route()?;
        if self.seen.is_local() {
            return None;
        }
        Some((route.gateway.unwrap_or(self.seen.address.ip()), route.device_index?))
    }

    /// The neighbour at the end, and where it answers, and something waits for one all the same, the other.
    pub(super) async fn read_last_neighbour(&mut self, waits: bool) {
        if self.other.is_none() {
            self.read_neighbour();
            if waits && !self.seen.neighbour_is_missing() {
                self.find_other_neighbour();
            }
        } else {
            self.read_found_neighbour();
        }
        if let Some(device) = self.other {
            self.seen.link = self.ask.tables.link(device, self.promised(), self.flow.as_ref()).await;
        }
    }

    /// What has become of the other neighbour. What was seen of one that is forgotten by now stays the last look.
    fn read_found_neighbour(&mut self) {
        let (Some(device), Some(last)) = (self.other, self.seen.last_neighbour()) else { return };
        let (address, at_ms) = (last.address, self.now());
        let sample = self.ask.tables.ask(|tables| tables.neighbour(address, device, at_ms));
        if let (Fact::Seen(sample), Fact::Seen(samples)) = (sample, &mut self.seen.neighbour)
            && sample.state != NeighbourState::Absent
        {
            samples.push(sample);
        }
    }

    /// A SYN that waits for a neighbour, while the one of the route answers, goes another way than the route
    /// lookup knows: by a mark of the packet filter, or over another of several next hops.
    pub(super) fn find_other_neighbour(&mut self) {
        if self.next_hop().is_none() {
            return;
        }
        let at_ms = self.now();
        let family = Family::of(self.seen.address.ip());
        let other = self.ask.tables.ask(|tables| tables.unanswering(family, at_ms, at_ms));
        if let (Fact::Seen(Some((sample, device))), Fact::Seen(samples)) = (other, &mut self.seen.neighbour) {
            samples.push(sample);
            self.other = Some(device);
        }
    }

    /// The kernel may give the socket up while the neighbour still has a moment to answer: whether it was asked in vain
    /// is known then.
    pub(super) async fn outwait_neighbour(&mut self) {
        let timeout = self.begun + self.ask.request.timeout_ms.to_duration();
        let deadline = timeout.min(Instant::now() + NEIGHBOUR_ASKS);
        let mut stop = self.ask.stop.clone();
        while self.neighbour_was_missing() && Instant::now() < deadline {
            let next = deadline.min(Instant::now() + TICK / 2);
            tokio::select! {
                () = sleep_until(next.into()) => self.read_neighbour(),
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }
}
