package temporal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"muster/test/kit/cache"
)

// version is that of Temporal's command line tool, which has the development
// server in it. It is the newest that go install takes: later ones have a
// replace directive in their go.mod.
const version = "v1.5.1"

const source = "github.com/temporalio/cli/cmd/temporal"

// install returns the path of temporal, which is built on first use. That takes
// some eight minutes of processor time.
func install(ctx context.Context) (string, error) {
	folder, err := cache.Fill("temporal-"+version, func(work string) (string, error) { return build(ctx, work) })
	if err != nil {
		where, _ := cache.Folder() // it was found before
		return "", fmt.Errorf("installing Temporal's server: %w; a binary that was built elsewhere is taken from %s",
			err, filepath.Join(where, "temporal-"+version, "temporal"))
	}
	return filepath.Join(folder, "temporal"), nil
}

// build builds the tool into a folder. Packages are compiled with the flags of
// the Makefile, so that what the tests of Muster have compiled already is used;
// without symbols it is linked sooner.
func build(ctx context.Context, work string) (string, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return "", fmt.Errorf("looking for go, which builds it: %w", err)
	}
	into := filepath.Join(work, "bin")
	install := exec.CommandContext(ctx, "go", "install", "-ldflags=-s -w", source+"@"+version)
	install.Env = append(os.Environ(), "GOBIN="+into, "GOFLAGS=-trimpath")
	install.Dir = work // so that no go.mod or go.work of the repository has a say
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("running go install, which fetches modules from %s: %w\n%s", proxy(ctx), errors.Join(err, ctx.Err()), out)
	}
	return into, nil
}

// proxy is where go looks for modules.
func proxy(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "go", "env", "GOPROXY").Output()
	if err != nil {
		return "GOPROXY"
	}
	return string(out[:max(0, len(out)-1)])
}
