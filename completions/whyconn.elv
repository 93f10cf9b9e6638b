
use builtin;
use str;

set edit:completion:arg-completer[whyconn] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'whyconn'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'whyconn'= {
            cand -f 'Read more targets from FILE, one a line; - is standard input, and # begins a comment'
            cand --targets-from 'Read more targets from FILE, one a line; - is standard input, and # begins a comment'
            cand -j 'Targets of a list in flight at once; without it as many as the descriptor limit allows, at most 1000'
            cand --jobs 'Targets of a list in flight at once; without it as many as the descriptor limit allows, at most 1000'
            cand -t 'How long to wait for the name, and for the connection, each: 500ms, 4s, 1m 30s'
            cand --timeout 'How long to wait for the name, and for the connection, each: 500ms, 4s, 1m 30s'
            cand -s 'Send from this address'
            cand --source 'Send from this address'
            cand -p 'Send from this port'
            cand --source-port 'Send from this port'
            cand -i 'Leave through this device'
            cand --interface 'Leave through this device'
            cand --dns 'Ask this name server instead of the system''s'
            cand --grace 'How long to watch the connection after the handshake; 0s to skip'
            cand --trace 'Send SYNs (for UDP, datagrams to a high port) with small TTLs to find where they die: auto does when something on the way may be at fault'
            cand --expect 'Exit with 0 if the verdict is this code or of this class, else with 11; may be given more than once'
            cand --wait 'Keep trying until it connects or this time is over, then say why it never did: 30s, 5m'
            cand --format 'How to print the report'
            cand --color 'Use colour'
            cand -4 'Use IPv4 only'
            cand -6 'Use IPv6 only'
            cand -u 'Send one UDP datagram instead of connecting by TCP; with a URL, to the port of its scheme'
            cand --udp 'Send one UDP datagram instead of connecting by TCP; with a URL, to the port of its scheme'
            cand --redact 'Replace addresses, names, paths, processes and devices, each by the same stand-in everywhere; for one target'
            cand --json 'Print one JSON object, as --format json does'
            cand -q 'Print the verdict line alone'
            cand --quiet 'Print the verdict line alone'
            cand -v 'Print all evidence'
            cand --verbose 'Print all evidence'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand explain 'Say what a verdict means, what causes it, and what to do; without CODE, list all'
            cand schema 'Print the JSON Schema of the report'
        }
        &'whyconn;explain'= {
            cand --format 'How to print it; without CODE, markdown is the whole book'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'whyconn;schema'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
    ]
    $completions[$command]
}

# What only this machine knows: hosts, services, devices, sockets.
use path
use re

var known~ = $edit:completion:arg-completer[whyconn]

# Lines that an external command prints; none, if there is no such command.
fn lines {|command~|
    try { command 2>/dev/null } catch e { }
}

fn services {|transport|
    for line [(lines { e:getent services })] {
        for found [(re:find '^([\w.+-]+)\s+\d+/(\w+)' $line)] {
            if (eq $found[groups][2][text] $transport) {
                put $found[groups][1][text]
            }
        }
    }
}

fn hosts {
    for line [(lines { e:getent hosts })] {
        var _ @names = (re:split '\s+' (str:trim-space $line))
        for name $names { if (re:match '^[\w.-]+$' $name) { put $name } }
    }
}

fn devices {
    for device [/sys/class/net/*[nomatch-ok]] { path:base $device }
}

fn target {|cur transport|
    if (or (re:match '^(\.{0,2}|~.*)/' $cur) (re:match '^unix(-dgram|-seqpacket)?:[^@]' $cur)) {
        var before = (re:replace '^(unix(?:-dgram|-seqpacket)?:)?.*$' '$1' $cur)
        edit:complete-filename $cur[(count $before)..] | each {|found|
            edit:complex-candidate $before$found[stem] &code-suffix=$found[code-suffix]
        }
    } elif (str:contains $cur '://') {
        nop
    } elif (str:contains $cur ':') {
        var host = (re:replace ':[^:]*$' ':' $cur)
        services $transport | each {|name| put $host$name }
    } else {
        hosts | each {|name| edit:complex-candidate $name':' }
    }
}

set edit:completion:arg-completer[whyconn] = {|@words|
    var cur = $words[-1]
    var before = $words[-2]
    var values = [
        &'--color'=[auto always never]
        &'--expect'=[connected resolve refused timeout unreachable alias local service connected.ok connected.partial resolve.nxdomain resolve.no-address resolve.servfail resolve.refused resolve.timeout resolve.server-unreachable resolve.no-server resolve.bad-name alias.localhost-family alias.localhost-mapping alias.bound-elsewhere alias.hosts-override refused.rst refused.rst-forged refused.icmp-port refused.self-connect refused.stale-socket timeout.silent timeout.port-silent timeout.accept-queue timeout.answer-invalid timeout.too-short unreachable.no-route unreachable.local-route unreachable.neighbor unreachable.gateway unreachable.icmp-net unreachable.icmp-host unreachable.icmp-admin unreachable.icmp-protocol unreachable.icmp-other unreachable.loop unreachable.no-socket local.firewall-reject local.firewall-drop local.reply-dropped local.source-in-use local.source-address local.source-privileged local.tuple-in-use local.ports-exhausted local.family-disabled local.scope-missing local.interface local.denied local.socket-type local.limits service.closed service.reset service.not-accepting]
        &'--format'=[human json markdown]
        &'--trace'=[auto always never]
        &'explain'=[connected resolve refused timeout unreachable alias local service connected.ok connected.partial resolve.nxdomain resolve.no-address resolve.servfail resolve.refused resolve.timeout resolve.server-unreachable resolve.no-server resolve.bad-name alias.localhost-family alias.localhost-mapping alias.bound-elsewhere alias.hosts-override refused.rst refused.rst-forged refused.icmp-port refused.self-connect refused.stale-socket timeout.silent timeout.port-silent timeout.accept-queue timeout.answer-invalid timeout.too-short unreachable.no-route unreachable.local-route unreachable.neighbor unreachable.gateway unreachable.icmp-net unreachable.icmp-host unreachable.icmp-admin unreachable.icmp-protocol unreachable.icmp-other unreachable.loop unreachable.no-socket local.firewall-reject local.firewall-drop local.reply-dropped local.source-in-use local.source-address local.source-privileged local.tuple-in-use local.ports-exhausted local.family-disabled local.scope-missing local.interface local.denied local.socket-type local.limits service.closed service.reset service.not-accepting]
        &'explain --format'=[text markdown]
    ]
    var subcommands = [explain schema]
    var valued = [-f --targets-from -j --jobs -t --timeout -s --source -p --source-port -i --interface --dns --grace --trace --expect --wait --format --color]
    var targets = []
    var transport = tcp
    var skip = $false
    for word $words[1..-1] {
        if $skip {
            set skip = $false
        } elif (has-value $valued $word) {
            set skip = $true
        } elif (re:match '^(--udp|-[46uqvhV]*u.*)$' $word) {
            set transport = udp
        } elif (not (str:has-prefix $word '-')) {
            set targets = [$@targets $word]
        }
    }
    if (and (> (count $words) 2) (has-value $subcommands $words[1])) {
        if (has-key $values $words[1]' '$before) {
            all $values[$words[1]' '$before]
        } elif (has-key $values $words[1]) {
            all $values[$words[1]]
        }
        if (str:has-prefix $cur '-') { known whyconn $words[1] $cur }
    } elif $skip {
        if (has-key $values $before) {
            all $values[$before]
        } elif (has-value [-i --interface] $before) {
            devices
        } elif (has-value [-f --targets-from] $before) {
            edit:complete-filename $cur
        }
    } elif (str:has-prefix $cur '-') {
        known whyconn $cur
    } elif (and (== (count $targets) 1) (not (re:match '[:/]' $targets[0]))) {
        services $transport
    } else {
        if (== (count $words) 2) { all $subcommands }
        target $cur $transport
    }
}
