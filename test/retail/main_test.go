package retail

import (
	"os"
	"testing"

	"muster/test/e2e/stack"
)

func TestMain(m *testing.M) { os.Exit(stack.Main(m)) }
