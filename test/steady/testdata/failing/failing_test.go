// Package failing has a test that fails, for the test of what is then told.
package failing

import (
	"runtime"
	"testing"
)

func TestFails(t *testing.T) {
	if runtime.GOMAXPROCS(0) != 1 {
		t.Fatal("not as told")
	}
	t.Fatal("one core, as told")
}
