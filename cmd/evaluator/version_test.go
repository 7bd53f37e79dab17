package main

import (
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionLine(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.26.8"}
	if got, want := versionLine(info), "evaluator "+version+", commit unknown, go1.26.8"; got != want {
		t.Errorf("without a repository it is %q, want %q", got, want)
	}
	info.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}
	if got, want := versionLine(info), "evaluator "+version+", commit abc with changes, go1.26.8"; got != want {
		t.Errorf("with changes it is %q, want %q", got, want)
	}
}

// TestVersionIsInTheChangelog: a released version has its heading there, and
// one that is still being made must not have it yet.
func TestVersionIsInTheChangelog(t *testing.T) {
	if !regexp.MustCompile(`^v\d+\.\d+\.\d+(-dev)?$`).MatchString(version) {
		t.Fatalf("%s does not look like a tag", version)
	}
	text, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	number, developing := strings.CutSuffix(strings.TrimPrefix(version, "v"), "-dev")
	if released := strings.Contains(string(text), "\n## ["+number+"] - "); released == developing {
		t.Errorf("this is %s; CHANGELOG.md says that %s is released: %v", version, number, released)
	}
	if !strings.Contains(string(text), "\n## [Unreleased]\n") {
		t.Error("CHANGELOG.md has no section for what is unreleased")
	}
}
