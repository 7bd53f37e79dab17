package files

import (
	"os"
	"sync"
)

// process names a process, so that another one of the same machine can tell
// whether it is there still.
type process struct {
	PID  int    `json:"pid"`
	Host string `json:"host"`
	// Machine is among which processes the id is one process's alone, and Born when
	// it began, since ids are given again. "" where the kernel does not tell.
	Machine string `json:"machine,omitempty"`
	Born    string `json:"born,omitempty"`
}

// self is this process.
var self = sync.OnceValue(func() process {
	p := process{PID: os.Getpid()}
	p.Host, _ = os.Hostname() // without it, nobody tells anything of this process
	p.Machine, p.Born = birth()
	return p
})

// gone reports whether a process is known to have ended: it was of this machine,
// and the kernel has none of its id that began when it did.
func (p *process) gone() bool {
	own := self()
	known := p.PID > 0 && p.Machine != "" && p.Host != ""
	return known && p.Machine == own.Machine && p.Host == own.Host && ended(p.PID, p.Born)
}
