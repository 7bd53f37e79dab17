package repository

import (
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	if text := Read(t, "go.mod"); !strings.HasPrefix(text, "module muster\n") {
		t.Errorf("go.mod is\n%s", text)
	}
}

func TestOutsideThereIsNone(t *testing.T) {
	t.Chdir("/")
	if root, err := Root(); err == nil {
		t.Errorf("it is %s", root)
	}
}
