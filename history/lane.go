package history

import (
	"errors"

	"muster/history/internal/columnar"
)

// lane reads some patches that lie one behind the other, through the ends of
// files.
type lane struct {
	patches *Patches
	index   int   // of the file at hand
	from    int64 // patches of it to pass over
	file    *columnar.File
	group   int // to be begun next
	blocks  *columnar.Blocks

	// The patch at hand.
	at, rows    int
	ids, bodies columnar.ByteArrays
}

// lane returns the lane of patches from one on.
func (p *Patches) lane(first int64) *lane {
	l := &lane{patches: p, from: first, at: -1}
	for l.index < len(p.files)-1 && l.from >= p.files[l.index] {
		l.from -= p.files[l.index]
		l.index++
	}
	return l
}

// next goes to the next patch, of which there must be one.
func (l *lane) next() error {
	for l.at++; l.at >= l.rows; l.at = 0 {
		if err := l.block(); err != nil {
			return err
		}
	}
	return nil
}

// block goes to the next block.
func (l *lane) block() error {
	for {
		if l.blocks == nil {
			if err := l.open(); err != nil {
				return err
			}
		}
		more, err := l.blocks.Next()
		if err != nil {
			return err
		}
		if more {
			l.rows, l.ids, l.bodies = l.blocks.Rows(), l.blocks.Bytes(patchProfile), l.blocks.Bytes(patchBody)
			return nil
		}
		err = l.blocks.Close()
		if l.blocks = nil; err != nil {
			return err
		}
	}
}

// open goes to the next group of rows, of the next file where one has ended.
func (l *lane) open() (err error) {
	for {
		if l.file == nil {
			if l.file, _, err = l.patches.open(l.index); err != nil {
				return err
			}
			l.group = 0
		}
		groups := l.file.Groups()
		for l.group < len(groups) && l.from >= groups[l.group] {
			l.from -= groups[l.group]
			l.group++
		}
		if l.group < len(groups) {
			l.blocks, err = l.file.Blocks(l.group, l.from)
			l.group, l.from = l.group+1, 0
			return err
		}
		err = l.file.Close()
		l.file, l.index = nil, l.index+1
		if err != nil {
			return err
		}
	}
}

// close closes what is open; a nil lane has nothing.
func (l *lane) close() error {
	var errs []error
	if l != nil && l.blocks != nil {
		errs = append(errs, l.blocks.Close())
	}
	if l != nil && l.file != nil {
		errs = append(errs, l.file.Close())
	}
	return errors.Join(errs...)
}
