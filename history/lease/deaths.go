package lease

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"muster/history/files"
)

// Deaths counts the processes that have died of a task, as far as the work directory
// remembers: their leases are there, and nobody has them. One that was told to end,
// or whose task failed, has released its own. In a bucket it may wait for half a
// minute until that is known.
func Deaths(p Place, request string, t Task) (int, error) {
	names, err := dead(p, folderOf(request), t)
	if err != nil {
		return 0, fmt.Errorf("looking who has died of %s task %d: %w", t.Stage, t.Index, err)
	}
	return len(names), nil
}

// Bury forgets them, when the task is done.
func Bury(p Place, request string, t Task) error {
	names, err := dead(p, folderOf(request), t)
	for _, name := range names {
		err = errors.Join(err, p.Remove(name+fileEnding), p.Remove(name+lockEnding))
	}
	if err != nil {
		return fmt.Errorf("forgetting who has died of %s task %d: %w", t.Stage, t.Index, err)
	}
	return nil
}

// dead returns the leases of a task that nobody has, without their endings.
func dead(p Place, folder string, t Task) (found []string, err error) {
	var names []string
	err = p.List(folder, func(i files.Info) error {
		name, ok := strings.CutSuffix(i.Name, fileEnding)
		if ok && strings.HasPrefix(path.Base(name), prefixOf(t)) {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		alive, err := p.Alive(name + lockEnding)
		if err != nil {
			return nil, err
		}
		if alive {
			continue
		}
		switch h, err := holder(p, name); {
		case err != nil:
			return nil, err
		case h != nil && !h.locked && h.Task == t: // else it was released, or is a piece of the task
			found = append(found, name)
		}
	}
	return found, nil
}

// prefixOf is how the names of the leases of a task begin.
func prefixOf(t Task) string { return fmt.Sprintf("%s-%d-", t.Stage, t.Index) }
