package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"

	"muster/demo"
	"muster/test/kit/port"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"evaluator": main})
}

// scriptPatience bounds one script: a command that never ends fails it.
const scriptPatience = 5 * time.Minute

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:      "testdata/script",
		Deadline: time.Now().Add(scriptPatience),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"compress":  compress,
			"freeport":  freePort,
			"awaithttp": awaitHTTP,
			"servers":   startServers,
			"exitcode":  exitCode,
			"masked":    cmpMasked,
			"terminate": terminate,
			"hangup":    hangUp,
			"produce":   produce,
			"tokenfrom": tokenFrom,
			"placefrom": placeFrom,
			"order":     order,
			"until":     until,
		},
	})
}

// exitCode: exitcode CODE COMMAND... runs a command that must end with CODE
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, not %s", code, args[0])
	}
}

// terminate: sends SIGTERM to every command in the background
func terminate(ts *testscript.TestScript, _ bool, _ []string) { signalAll(ts, syscall.SIGTERM) }

// hangUp: sends SIGHUP to every command in the background
func hangUp(ts *testscript.TestScript, _ bool, _ []string) { signalAll(ts, syscall.SIGHUP) }

func signalAll(ts *testscript.TestScript, which os.Signal) {
	for _, command := range ts.BackgroundCmds() {
		ts.Check(command.Process.Signal(which))
	}
}

var (
	figure = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)
	spaces = regexp.MustCompile(` +`)
)

// cmpMasked: masked FILE1 FILE2 compares files but for their figures and how
// wide these make a table
func cmpMasked(ts *testscript.TestScript, _ bool, args []string) {
	mask := func(file string) string {
		return spaces.ReplaceAllString(figure.ReplaceAllString(ts.ReadFile(file), "N"), " ")
	}
	if got, want := mask(args[0]), mask(args[1]); got != want {
		ts.Fatalf("but for figures, %s is\n%s\nand %s is\n%s", args[0], got, args[1], want)
	}
}

// compress: compress gz|zst FROM TO
func compress(ts *testscript.TestScript, _ bool, args []string) {
	file, err := os.Create(ts.MkAbs(args[2]))
	ts.Check(err)
	defer file.Close()
	var packed io.WriteCloser = gzip.NewWriter(file)
	if args[0] == "zst" {
		packed, err = zstd.NewWriter(file)
		ts.Check(err)
	}
	_, err = io.WriteString(packed, ts.ReadFile(args[1]))
	ts.Check(err)
	ts.Check(packed.Close())
}

// freePort: freeport NAME sets the variable to a host:port nobody listens on
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	held, err := port.New()
	ts.Check(err)
	ts.Defer(held.Release)
	ts.Setenv(args[0], held.Address())
}

// awaitHTTP: awaithttp URL STATUS [TEXT] waits until URL is answered with
// STATUS and a body that has TEXT in it
func awaitHTTP(ts *testscript.TestScript, _ bool, args []string) {
	last, text := "nothing", strings.Join(args[2:], " ")
	for end := time.Now().Add(scriptPatience / 2); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(args[0])
		if err != nil {
			last = err.Error()
			continue
		}
		body, err := io.ReadAll(res.Body)
		ts.Check(err)
		ts.Check(res.Body.Close())
		if last = res.Status[:3] + " " + string(body); res.Status[:3] == args[1] && strings.Contains(last, text) {
			ts.Logf("%s", last)
			return
		}
	}
	ts.Fatalf("%s answers %s, not %s", args[0], last, strings.Join(args[1:], " "))
}

// startServers: servers sets BROKER and REDIS to those of the demo
func startServers(ts *testscript.TestScript, _ bool, _ []string) {
	servers, err := demo.StartServers()
	ts.Check(err)
	ts.Defer(servers.Close)
	ts.Setenv("BROKER", servers.Broker)
	ts.Setenv("REDIS", servers.Redis)
}
