package process

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// shell is a server that is a line of sh.
func shell(line string) *exec.Cmd { return exec.Command("sh", "-c", line) }

func TestAServerIsStartedOnceItAnswers(t *testing.T) {
	folder := t.TempDir()
	ready := filepath.Join(folder, "ready")
	asked := 0
	p, err := Start(t.Context(), "server", filepath.Join(folder, "log"), shell("touch '"+ready+"'; exec sleep 600"), func(context.Context) bool {
		asked++
		_, err := os.Stat(ready)
		return err == nil
	})
	if err != nil || asked == 0 {
		t.Fatalf("%v after %d questions", err, asked)
	}
	for range 2 { // the second finds it gone
		if err := p.End(syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
}

func TestAFailedStartShowsTheEndOfTheLog(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	_, err := Start(t.Context(), "server", log, shell("for i in $(seq 30); do echo line $i.; done; exit 1"), func(context.Context) bool { return false })
	if err == nil || !strings.Contains(err.Error(), "the process ended") || !strings.Contains(err.Error(), "line 30.") || strings.Contains(err.Error(), "line 10.") {
		t.Errorf("the error is %v", err)
	}
}

func TestAStartIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Start(ctx, "server", filepath.Join(t.TempDir(), "log"), shell("exec sleep 600"), func(context.Context) bool {
		cancel()
		return false
	})
	if err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("the error is %v", err)
	}
}
