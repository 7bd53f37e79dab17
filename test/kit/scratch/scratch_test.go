package scratch

import (
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// The folders of tests are in memory exactly where there is room.
func TestFolders(t *testing.T) {
	// The variable is Main's own, unless it was set for all tests.
	folder := t.TempDir()
	if want := strings.HasPrefix(os.Getenv("TMPDIR"), inMemory); strings.HasPrefix(folder, inMemory) != want {
		t.Errorf("the folder is %s, and TMPDIR is %q", folder, os.Getenv("TMPDIR"))
	}
	if free(inMemory) >= room && os.Getenv("TMPDIR") == "" {
		t.Error("there is room in memory, and it is not used")
	}
}

func TestFree(t *testing.T) {
	for _, folder := range []string{"/proc", "/nowhere"} {
		if has := free(folder); has != 0 {
			t.Errorf("%s has %d bytes in memory", folder, has)
		}
	}
}
