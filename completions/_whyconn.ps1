
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'whyconn' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'whyconn'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    # Values that are known beforehand, behind their option or subcommand.
    $values = @{
        '--color' = @('auto', 'always', 'never')
        '--expect' = @('connected', 'resolve', 'refused', 'timeout', 'unreachable', 'alias', 'local', 'service', 'connected.ok', 'connected.partial', 'resolve.nxdomain', 'resolve.no-address', 'resolve.servfail', 'resolve.refused', 'resolve.timeout', 'resolve.server-unreachable', 'resolve.no-server', 'resolve.bad-name', 'alias.localhost-family', 'alias.localhost-mapping', 'alias.bound-elsewhere', 'alias.hosts-override', 'refused.rst', 'refused.rst-forged', 'refused.icmp-port', 'refused.self-connect', 'refused.stale-socket', 'timeout.silent', 'timeout.port-silent', 'timeout.accept-queue', 'timeout.answer-invalid', 'timeout.too-short', 'unreachable.no-route', 'unreachable.local-route', 'unreachable.neighbor', 'unreachable.gateway', 'unreachable.icmp-net', 'unreachable.icmp-host', 'unreachable.icmp-admin', 'unreachable.icmp-protocol', 'unreachable.icmp-other', 'unreachable.loop', 'unreachable.no-socket', 'local.firewall-reject', 'local.firewall-drop', 'local.reply-dropped', 'local.source-in-use', 'local.source-address', 'local.source-privileged', 'local.tuple-in-use', 'local.ports-exhausted', 'local.family-disabled', 'local.scope-missing', 'local.interface', 'local.denied', 'local.socket-type', 'local.limits', 'service.closed', 'service.reset', 'service.not-accepting')
        '--format' = @('human', 'json', 'markdown')
        '--trace' = @('auto', 'always', 'never')
        'explain' = @('connected', 'resolve', 'refused', 'timeout', 'unreachable', 'alias', 'local', 'service', 'connected.ok', 'connected.partial', 'resolve.nxdomain', 'resolve.no-address', 'resolve.servfail', 'resolve.refused', 'resolve.timeout', 'resolve.server-unreachable', 'resolve.no-server', 'resolve.bad-name', 'alias.localhost-family', 'alias.localhost-mapping', 'alias.bound-elsewhere', 'alias.hosts-override', 'refused.rst', 'refused.rst-forged', 'refused.icmp-port', 'refused.self-connect', 'refused.stale-socket', 'timeout.silent', 'timeout.port-silent', 'timeout.accept-queue', 'timeout.answer-invalid', 'timeout.too-short', 'unreachable.no-route', 'unreachable.local-route', 'unreachable.neighbor', 'unreachable.gateway', 'unreachable.icmp-net', 'unreachable.icmp-host', 'unreachable.icmp-admin', 'unreachable.icmp-protocol', 'unreachable.icmp-other', 'unreachable.loop', 'unreachable.no-socket', 'local.firewall-reject', 'local.firewall-drop', 'local.reply-dropped', 'local.source-in-use', 'local.source-address', 'local.source-privileged', 'local.tuple-in-use', 'local.ports-exhausted', 'local.family-disabled', 'local.scope-missing', 'local.interface', 'local.denied', 'local.socket-type', 'local.limits', 'service.closed', 'service.reset', 'service.not-accepting')
        'explain --format' = @('text', 'markdown')
    }
    $previous = $commandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | Select-Object -Last 1
    if ($null -ne $previous -and -not $wordToComplete.StartsWith('-')) {
        $inside = $commandElements[1].Extent.Text + ' ' + $previous.Extent.Text
        $known = if ($values.ContainsKey($inside)) { $values[$inside] } else { $values[$previous.Extent.Text] }
        if ($null -ne $known) {
            return $known | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_)
            }
        }
    }

    $completions = @(switch ($command) {
        'whyconn' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read more targets from FILE, one a line; - is standard input, and # begins a comment')
            [CompletionResult]::new('--targets-from', '--targets-from', [CompletionResultType]::ParameterName, 'Read more targets from FILE, one a line; - is standard input, and # begins a comment')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Targets of a list in flight at once; without it as many as the descriptor limit allows, at most 1000')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Targets of a list in flight at once; without it as many as the descriptor limit allows, at most 1000')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'How long to wait for the name, and for the connection, each: 500ms, 4s, 1m 30s')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long to wait for the name, and for the connection, each: 500ms, 4s, 1m 30s')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Send from this address')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'Send from this address')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Send from this port')
            [CompletionResult]::new('--source-port', '--source-port', [CompletionResultType]::ParameterName, 'Send from this port')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Leave through this device')
            [CompletionResult]::new('--interface', '--interface', [CompletionResultType]::ParameterName, 'Leave through this device')
            [CompletionResult]::new('--dns', '--dns', [CompletionResultType]::ParameterName, 'Ask this name server instead of the system''s')
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'How long to watch the connection after the handshake; 0s to skip')
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'Send SYNs (for UDP, datagrams to a high port) with small TTLs to find where they die: auto does when something on the way may be at fault')
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'Exit with 0 if the verdict is this code or of this class, else with 11; may be given more than once')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Keep trying until it connects or this time is over, then say why it never did: 30s, 5m')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print the report')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'Use IPv4 only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'Use IPv6 only')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Send one UDP datagram instead of connecting by TCP; with a URL, to the port of its scheme')
            [CompletionResult]::new('--udp', '--udp', [CompletionResultType]::ParameterName, 'Send one UDP datagram instead of connecting by TCP; with a URL, to the port of its scheme')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Replace addresses, names, paths, processes and devices, each by the same stand-in everywhere; for one target')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object, as --format json does')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print the verdict line alone')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print the verdict line alone')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print all evidence')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print all evidence')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say what a verdict means, what causes it, and what to do; without CODE, list all')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print the JSON Schema of the report')
            break
        }
        'whyconn;explain' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print it; without CODE, markdown is the whole book')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'whyconn;schema' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
