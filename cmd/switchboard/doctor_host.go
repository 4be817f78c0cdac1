package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// procfs is where Linux tells its settings.
const procfs = "/proc/sys/"

// checkHost looks at this machine.
func checkHost() []finding {
	return []finding{
		checkDescriptors(descriptorLimit()),
		checkBacklog(readProc("net/core/somaxconn")),
		checkPorts(readProc("net/ipv4/ip_local_port_range")),
		checkClock(clockSynchronised()),
	}
}

func readProc(name string) (string, error) {
	p, err := os.ReadFile(procfs + name)
	return strings.TrimSpace(string(p)), err
}

// checkDescriptors: each connection needs one. Go raises the soft limit to the hard one by itself.
func checkDescriptors(hard uint64, err error) finding {
	f := finding{Check: "descriptors", State: isOK}
	const fix = "LimitNOFILE=1048576 in the systemd unit, or 'ulimit -Hn' before the start"
	switch {
	case err != nil:
		return finding{Check: f.Check, State: isSkipped, Detail: "the limit is not known on this system"}
	case hard < 4096:
		f.State, f.Fix = isBad, fix
	case hard < 100_000:
		f.State, f.Fix = isWarn, fix
	}
	f.Detail = fmt.Sprintf("a process may have %d open: about as many connections", hard)
	return f
}

// checkBacklog: connections that wait to be accepted, as when all clients come back after a restart.
func checkBacklog(text string, err error) finding {
	n, err2 := strconv.Atoi(text)
	if err != nil || err2 != nil {
		return finding{Check: "listen backlog", State: isSkipped, Detail: "net.core.somaxconn cannot be read on this system"}
	}
	f := finding{Check: "listen backlog", State: isOK, Detail: fmt.Sprintf("%d connections may wait to be accepted", n)}
	if n < 4096 {
		f.State, f.Fix = isWarn, "sysctl -w net.core.somaxconn=4096, kept in /etc/sysctl.d/"
	}
	return f
}

// checkPorts: a proxy on one address needs a local port for each connection to one address of ours.
func checkPorts(text string, err error) finding {
	f := finding{Check: "local ports", State: isOK}
	fields := strings.Fields(text)
	if err != nil || len(fields) != 2 {
		return finding{Check: f.Check, State: isSkipped, Detail: "net.ipv4.ip_local_port_range cannot be read on this system"}
	}
	low, err := strconv.Atoi(fields[0])
	high, err2 := strconv.Atoi(fields[1])
	if err != nil || err2 != nil {
		return finding{Check: f.Check, State: isSkipped, Detail: "net.ipv4.ip_local_port_range is not two numbers"}
	}
	n := high - low + 1
	f.Detail = fmt.Sprintf("a proxy on this machine can open %d connections to one address and port of the server", n)
	if n < 28_000 {
		f.State, f.Fix = isWarn, `sysctl -w net.ipv4.ip_local_port_range="1024 65535", or several addresses for the server`
	}
	return f
}

// checkClock: tokens and certificates end by the clock.
func checkClock(synchronised bool, err error) finding {
	f := finding{Check: "clock", State: isOK, Detail: "the kernel says that the clock is synchronised"}
	switch {
	case err != nil:
		return finding{Check: f.Check, State: isSkipped, Detail: "whether the clock is synchronised is not known on this system"}
	case !synchronised:
		f.State, f.Detail = isWarn, "the kernel says that the clock is not synchronised: tokens may seem expired or not yet valid"
		f.Fix = "run chrony or systemd-timesyncd; in a container, look at its host"
	}
	return f
}
