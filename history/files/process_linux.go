package files

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// birth returns among which processes the id of this one is its own, and when it
// began; "" where that is not known. Ids are told apart by the namespace of
// processes, of which a container has one of its own, and by the start of the machine.
func birth() (machine, born string) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", ""
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "", ""
	}
	// Where /proc is that of another namespace, this is another process or none.
	_, born, err = look(os.Getpid())
	own, ownErr := os.Readlink("/proc/self")
	if err != nil || ownErr != nil || own != strconv.Itoa(os.Getpid()) {
		return "", ""
	}
	return strings.TrimSpace(string(boot)) + " " + namespace, born
}

// ended reports whether there is no process of an id that began then. A process that
// was killed and that its parent has not asked after yet does nothing any more.
func ended(pid int, born string) bool {
	// Unlike /proc, this tells of the processes of other users whatever is hidden.
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	state, at, err := look(pid)
	return err == nil && (at != born || state == "Z" || state == "X")
}

// look returns the state of a process, and when it began, in the kernel's own count.
func look(pid int) (state, born string, err error) {
	const stateAt, bornAt = 0, 19 // behind the name, see proc_pid_stat(5)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", "", err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // a name may hold anything
	if len(fields) <= bornAt {
		return "", "", fmt.Errorf("process %d is told as %q", pid, text)
	}
	return fields[stateAt], fields[bornAt], nil
}
