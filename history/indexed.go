package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// indexed is what became of an object. Index tasks leave it in the work
// directory, for the stages that follow.
type indexed struct {
	Object string `json:"object"`         // its short key
	Run    string `json:"run,omitempty"`  // key of its sorted run, "" where nothing of the object could be read
	Made   bool   `json:"made,omitempty"` // and not found
	Lost   string `json:"lost,omitempty"` // why there is no sorted run
	Note   note   `json:"note"`
}

const indexedEnding = ".ndjson"

// indexedFile is the file of what became of a part's objects.
func indexedFile(request string, p *Part) string {
	return requestFile(request, "indexed/"+p.Key+indexedEnding)
}

// writeIndexed writes what became of the objects of a part.
func (w work) writeIndexed(request string, p *Part, results []indexed) error {
	return w.writeFile(indexedFile(request, p), func(out io.Writer) error {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		for i := range results {
			if err := encoder.Encode(&results[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// readIndexed appends what became of the objects of a part, in their order.
func (w work) readIndexed(results []indexed, request string, p *Part) ([]indexed, error) {
	name := indexedFile(request, p)
	file, err := w.files.Open(name)
	if err != nil {
		return results, err
	}
	defer file.Close() // it was only read
	path, text := w.locate(name), io.NewSectionReader(file, 0, file.Size())
	before := len(results)
	for decoder := json.NewDecoder(bufio.NewReaderSize(text, writeBuffer)); ; {
		var one indexed
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return results, fmt.Errorf("reading %s: %w; remove it, and do the task again", path, err)
		}
		results = append(results, one)
	}
	if found := len(results) - before; found != p.Objects {
		return results, fmt.Errorf("reading %s: it has %d objects, not %d; remove it, and do the task again", path, found, p.Objects)
	}
	return results, nil
}

// results returns what became of all objects, in the order of the manifest.
func (b *Backfill) results(p *Plan) ([]indexed, error) {
	results := make([]indexed, 0, p.Archive.Chosen.Objects)
	for i := range p.Index {
		var err error
		results, err = b.work.readIndexed(results, p.Request, &p.Index[i])
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("index task %d of %d is not done; all of them come before other stages: %w", i, len(p.Index), err)
		}
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// writeDead writes the dead letters of all objects, in their order.
func (w work) writeDead(name string, results []indexed, refused []refused) error {
	return w.writeFile(name, func(out io.Writer) error {
		for i := range results {
			if err := w.copyDead(out, &results[i]); err != nil {
				return err
			}
		}
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		for _, one := range refused {
			if err := encoder.Encode(one); err != nil {
				return err
			}
		}
		return nil
	})
}

// copyDead writes the dead letters of an object.
func (w work) copyDead(out io.Writer, of *indexed) error {
	if of.Lost != "" {
		l := &letters{object: of.Note.Key}
		l.add(0, of.Lost, nil)
		return l.write(out)
	}
	if of.Note.Refused == 0 {
		return nil
	}
	file, err := w.files.Open(deadFile(of.Run))
	if err != nil {
		return err
	}
	_, err = io.Copy(out, io.NewSectionReader(file, 0, file.Size()))
	return errors.Join(err, file.Close())
}
