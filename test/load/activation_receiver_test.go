package load

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// endpoint is a running receiver.
type endpoint struct {
	t       testing.TB
	address string
}

func startReceiver(t testing.TB, arguments ...string) *endpoint {
	t.Helper()
	cmd := exec.Command(binaries.receiver, arguments...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("starting the receiver: %v", err)
	}
	return &endpoint{t, strings.TrimSpace(address)}
}

func (e *endpoint) get(path string) string {
	e.t.Helper()
	res, err := http.Get("http://" + e.address + path)
	if err != nil {
		e.t.Fatalf("asking the receiver: %v", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		e.t.Fatalf("asking the receiver for %s: %s %v: %s", path, res.Status, err, text)
	}
	return string(text)
}

// count returns how many changes it has taken.
func (e *endpoint) count() int {
	e.t.Helper()
	n, err := strconv.Atoi(e.get("/count"))
	if err != nil {
		e.t.Fatal(err)
	}
	return n
}

// version is a change as a receiver knows it.
type version struct {
	profile string
	number  int
}

// seen returns when each change came first.
func (e *endpoint) seen() map[version]time.Time {
	e.t.Helper()
	all := map[version]time.Time{}
	for line := range strings.Lines(e.get("/seen")) {
		var v version
		var at int64
		if _, err := fmt.Sscan(line, &v.profile, &v.number, &at); err != nil {
			e.t.Fatalf("the receiver says %q: %v", line, err)
		}
		if _, again := all[v]; !again {
			all[v] = time.Unix(0, at)
		}
	}
	return all
}

// destinationName is the destination's, in all of what is measured here.
const destinationName = "bench"

// destinations writes a file with one destination, of all segments, and
// returns its path.
func (e *endpoint) destinations(batch int) string {
	e.t.Helper()
	folder := e.t.TempDir()
	file := filepath.Join(folder, "destinations.yaml")
	for name, text := range map[string]string{
		filepath.Join(folder, "secret"): "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n",
		file: fmt.Sprintf("destinations:\n  - name: %s\n    webhook:\n      url: http://%s/\n      secrets: [{file: secret}]\n"+
			"      allow_networks: [127.0.0.0/8]\n    segments: all\n    batch: %d\n", destinationName, e.address, batch),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			e.t.Fatal(err)
		}
	}
	return file
}
