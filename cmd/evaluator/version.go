package main

import (
	"fmt"
	"runtime/debug"
)

// version is what this is, or, with -dev behind it, what it is going to be.
// It is raised together with CHANGELOG.md.
const version = "v0.2.0-dev"

type versionCommand struct{}

// Help is shown by --help.
func (versionCommand) Help() string {
	return `Prints the version, the commit it was built from and the version of Go it was
built with. Name all three when you report a problem. CHANGELOG.md says what each
version brought, docs/upgrades.md what it means for data that is stored.`
}

// Run prints one line.
func (versionCommand) Run(c console) error {
	_, err := fmt.Fprintln(c.out, thisVersion())
	return err
}

// thisVersion is what this binary says that it is.
func thisVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: "unknown version of Go"}
	}
	return versionLine(info)
}

func versionLine(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	commit := settings["vcs.revision"]
	if commit == "" {
		commit = "unknown"
	}
	if settings["vcs.modified"] == "true" {
		commit += " with changes"
	}
	return fmt.Sprintf("evaluator %s, commit %s, %s", version, commit, info.GoVersion)
}
