package main

import (
	"fmt"
	"runtime/debug"
	"strings"
)

type versionCommand struct{}

// Help is shown by --help.
func (versionCommand) Help() string {
	return `Prints the module's version, the commit it was built from and the version of
Go it was built with. Name all three when you report a problem.`
}

// Run prints one line.
func (versionCommand) Run(c console) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	_, err := fmt.Fprintln(c.out, versionLine(info))
	return err
}

func versionLine(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	version, commit := info.Main.Version, settings["vcs.revision"]
	if version == "" {
		version = "(devel)"
	}
	if commit == "" {
		commit = "unknown"
	}
	if settings["vcs.modified"] == "true" {
		commit += " with changes"
	}
	return strings.TrimSpace(fmt.Sprintf("evaluator %s, commit %s, %s", version, commit, info.GoVersion))
}
