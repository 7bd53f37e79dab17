package example

import (
	"context"
	"crypto/sha256"
	_ "embed" // the lists of packages go with this one, wherever it runs
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"muster/test/kit/cache"
)

// Language is what a program is written in.
type Language struct {
	// Name is the language's own.
	Name string
	// Fence is what a block of the language is marked with in Markdown.
	Fence string

	tools    []string // that must be on the PATH
	file     string   // that the program is written to
	packages []list   // that it may ask for
	fetch    []string // the command that puts them into the folder it works in
	// command returns what runs the program of a folder, with the packages of
	// another, and builds it if need be until ctx ends. root is that of the
	// repository.
	command func(ctx context.Context, folder, packages, root string) (*exec.Cmd, error)
}

// list is a file that names packages, with their versions and digests.
type list struct {
	name string
	text []byte
}

var (
	//go:embed package.json
	nodePackages []byte
	//go:embed package-lock.json
	nodeLock []byte
	//go:embed requirements.txt
	pythonPackages []byte
)

// Go has the packages of the repository.
var Go = Language{Name: "Go", Fence: "go", tools: []string{"go"}, file: "main.go", command: buildGo}

// Node is JavaScript as modules.
var Node = Language{
	Name: "Node", Fence: "js", tools: []string{"node", "npm"}, file: "program.mjs",
	packages: []list{{"package.json", nodePackages}, {"package-lock.json", nodeLock}},
	fetch:    []string{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"},
	command: func(_ context.Context, folder, packages, _ string) (*exec.Cmd, error) {
		// Node looks for packages beside the program.
		if err := os.Symlink(filepath.Join(packages, "node_modules"), filepath.Join(folder, "node_modules")); err != nil {
			return nil, fmt.Errorf("linking to the packages: %w", err)
		}
		return exec.Command("node", "program.mjs"), nil
	},
}

// Python is version 3.9 or later, with pip.
var Python = Language{
	Name: "Python", Fence: "python", tools: []string{"python3"}, file: "program.py",
	packages: []list{{"requirements.txt", pythonPackages}},
	fetch: []string{
		"python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:",
		"--require-hashes", "--target", "installed", "-r", "requirements.txt",
	},
	command: func(_ context.Context, _, packages, _ string) (*exec.Cmd, error) {
		cmd := exec.Command("python3", "program.py")
		cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(packages, "installed"))
		return cmd, nil
	},
}

// buildGo builds first, because go run would not end with its program.
func buildGo(ctx context.Context, folder, _, root string) (*exec.Cmd, error) {
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(folder, "program"), filepath.Join(folder, "main.go"))
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building: %w\n%s", err, out)
	}
	return exec.Command(filepath.Join(folder, "program")), nil
}

// missing returns the first tool that is not on the PATH, "" for none.
func (l *Language) missing() string {
	for _, tool := range l.tools {
		if _, err := exec.LookPath(tool); err != nil {
			return tool
		}
	}
	return ""
}

// install returns the folder with the packages, filled on first use.
func (l *Language) install(ctx context.Context) (string, error) {
	if len(l.packages) == 0 {
		return "", nil
	}
	digest := sha256.New()
	_, _ = fmt.Fprintln(digest, l.fetch) // never fails
	for _, p := range l.packages {
		_, _ = digest.Write(p.text) // nor does this
	}
	folder, err := cache.Fill(fmt.Sprintf("%s-%x", l.Fence, digest.Sum(nil)[:8]), func(work string) (string, error) {
		folder := filepath.Join(work, "packages")
		return folder, l.download(ctx, folder)
	})
	if err != nil {
		return "", fmt.Errorf("installing packages of %s: %w", l.Name, err)
	}
	return folder, nil
}

func (l *Language) download(ctx context.Context, folder string) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	for _, p := range l.packages {
		if err := os.WriteFile(filepath.Join(folder, p.name), p.text, 0o600); err != nil {
			return err
		}
	}
	fetch := exec.CommandContext(ctx, l.fetch[0], l.fetch[1:]...)
	fetch.Dir = folder
	if out, err := fetch.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s: %w\n%s", l.fetch[0], err, out)
	}
	return nil
}
