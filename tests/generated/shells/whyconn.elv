
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
    var values = [@values@
    ]
    var subcommands = [@command-words@]
    var valued = [@valued-words@]
    var targets = []
    var transport = tcp
    var skip = $false
    for word $words[1..-1] {
        if $skip {
            set skip = $false
        } elif (has-value $valued $word) {
            set skip = $true
        } elif (re:match '^(--udp|-[@flags@]*u.*)$' $word) {
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
        } elif (has-value [@devices-words@] $before) {
            devices
        } elif (has-value [@files-words@] $before) {
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
