module completions {

  def "nu-complete whyconn trace" [] {
    [ "auto" "always" "never" ]
  }

  def "nu-complete whyconn expect" [] {
    [ "connected" "resolve" "refused" "timeout" "unreachable" "alias" "local" "service" "connected.ok" "connected.partial" "resolve.nxdomain" "resolve.no-address" "resolve.servfail" "resolve.refused" "resolve.timeout" "resolve.server-unreachable" "resolve.no-server" "resolve.bad-name" "alias.localhost-family" "alias.localhost-mapping" "alias.bound-elsewhere" "alias.hosts-override" "refused.rst" "refused.rst-forged" "refused.icmp-port" "refused.self-connect" "refused.stale-socket" "timeout.silent" "timeout.port-silent" "timeout.accept-queue" "timeout.answer-invalid" "timeout.too-short" "unreachable.no-route" "unreachable.local-route" "unreachable.neighbor" "unreachable.gateway" "unreachable.icmp-net" "unreachable.icmp-host" "unreachable.icmp-admin" "unreachable.icmp-protocol" "unreachable.icmp-other" "unreachable.loop" "unreachable.no-socket" "local.firewall-reject" "local.firewall-drop" "local.reply-dropped" "local.source-in-use" "local.source-address" "local.source-privileged" "local.tuple-in-use" "local.ports-exhausted" "local.family-disabled" "local.scope-missing" "local.interface" "local.denied" "local.socket-type" "local.limits" "service.closed" "service.reset" "service.not-accepting" ]
  }

  def "nu-complete whyconn format" [] {
    [ "human" "json" "markdown" ]
  }

  def "nu-complete whyconn color" [] {
    [ "auto" "always" "never" ]
  }

  # Say why a connection fails, who made it fail, and how sure that is
  export extern whyconn [
    --targets-from(-f): path  # Read more targets from FILE, one a line; - is standard input, and # begins a comment
    --jobs(-j): string        # Targets of a list in flight at once; without it as many as the descriptor limit allows, at most 1000
    -4                        # Use IPv4 only
    -6                        # Use IPv6 only
    --timeout(-t): string     # How long to wait for the name, and for the connection, each: 500ms, 4s, 1m 30s
    --source(-s): string      # Send from this address
    --source-port(-p): string # Send from this port
    --interface(-i): string   # Leave through this device
    --udp(-u)                 # Send one UDP datagram instead of connecting by TCP; with a URL, to the port of its scheme
    --dns: string             # Ask this name server instead of the system's
    --grace: string           # How long to watch the connection after the handshake; 0s to skip
    --trace: string@"nu-complete whyconn trace" # Send SYNs (for UDP, datagrams to a high port) with small TTLs to find where they die: auto does when something on the way may be at fault
    --expect: string@"nu-complete whyconn expect" # Exit with 0 if the verdict is this code or of this class, else with 11; may be given more than once
    --wait: string            # Keep trying until it connects or this time is over, then say why it never did: 30s, 5m
    --redact                  # Replace addresses, names, paths, processes and devices, each by the same stand-in everywhere; for one target
    --json                    # Print one JSON object, as --format json does
    --format: string@"nu-complete whyconn format" # How to print the report
    --quiet(-q)               # Print the verdict line alone
    --verbose(-v)             # Print all evidence
    --color: string@"nu-complete whyconn color" # Use colour
    --help(-h)                # Print help (see more with '--help')
    --version(-V)             # Print version
    ...target: string         # host:port, host:service, [v6]:port, [fe80::1%dev]:port, udp://host:port or a URL; or HOST and PORT as two words; several make a list; or a unix socket: /path, unix:/path, unix:@name, unix-dgram:/path, unix-seqpacket:/path
  ]

  def "nu-complete whyconn explain code" [] {
    [ "connected" "resolve" "refused" "timeout" "unreachable" "alias" "local" "service" "connected.ok" "connected.partial" "resolve.nxdomain" "resolve.no-address" "resolve.servfail" "resolve.refused" "resolve.timeout" "resolve.server-unreachable" "resolve.no-server" "resolve.bad-name" "alias.localhost-family" "alias.localhost-mapping" "alias.bound-elsewhere" "alias.hosts-override" "refused.rst" "refused.rst-forged" "refused.icmp-port" "refused.self-connect" "refused.stale-socket" "timeout.silent" "timeout.port-silent" "timeout.accept-queue" "timeout.answer-invalid" "timeout.too-short" "unreachable.no-route" "unreachable.local-route" "unreachable.neighbor" "unreachable.gateway" "unreachable.icmp-net" "unreachable.icmp-host" "unreachable.icmp-admin" "unreachable.icmp-protocol" "unreachable.icmp-other" "unreachable.loop" "unreachable.no-socket" "local.firewall-reject" "local.firewall-drop" "local.reply-dropped" "local.source-in-use" "local.source-address" "local.source-privileged" "local.tuple-in-use" "local.ports-exhausted" "local.family-disabled" "local.scope-missing" "local.interface" "local.denied" "local.socket-type" "local.limits" "service.closed" "service.reset" "service.not-accepting" ]
  }

  def "nu-complete whyconn explain format" [] {
    [ "text" "markdown" ]
  }

  # Say what a verdict means, what causes it, and what to do; without CODE, list all
  export extern "whyconn explain" [
    --format: string@"nu-complete whyconn explain format" # How to print it; without CODE, markdown is the whole book
    --help(-h)                # Print help (see more with '--help')
    code?: string@"nu-complete whyconn explain code" # A verdict code, such as refused.rst; or a class, such as refused, to list its codes
  ]

  # Print the JSON Schema of the report
  export extern "whyconn schema" [
    --help(-h)                # Print help
  ]

}

export use completions *
