package history

import (
	"os"
	"testing"

	"muster/test/kit/scratch"
)

func TestMain(m *testing.M) { os.Exit(scratch.Main(m)) }
