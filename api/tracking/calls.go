package tracking

// call is what a path takes: the type that it gives to its event, or "" for a
// batch, whose events say theirs themselves.
type call string

const batchCall call = ""

// calls are the last parts of the paths. The short ones are those of the
// clients for browsers, iOS and Android; import is an older name of batch.
var calls = map[string]call{
	"batch": batchCall, "import": batchCall, "b": batchCall,
	"track": "track", "t": "track",
	"identify": "identify", "i": "identify",
	"page": "page", "p": "page",
	"screen": "screen", "s": "screen",
	"group": "group", "g": "group",
	"alias": "alias", "a": "alias",
}

// roots are what stands before them. Some clients are given a host together
// with the /v1 that others add themselves.
var roots = []string{"/v1/", "/"}

// callOf returns what a path takes.
func callOf(path string) (call, bool) {
	for _, root := range roots {
		if len(path) > len(root) && path[:len(root)] == root {
			if c, ok := calls[path[len(root):]]; ok {
				return c, true
			}
		}
	}
	return "", false
}
