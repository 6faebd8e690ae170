// Lists the definitions that Go's own parser finds: go run go_definitions.go FOLDER
//
// Prints one line for each file and definition, parted by tabs: `ok PATH` or `bad PATH`, and
// `def PATH KIND FIRST_LINE LAST_LINE NAME`. The rules are those of docs/adding-a-language.md.
package main

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	root := os.Args[1]
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && strings.HasSuffix(path, ".go") {
			name, _ := filepath.Rel(root, path)
			list(out, path, filepath.ToSlash(name))
		}
		return nil
	})
}

func list(out *bufio.Writer, path, name string) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		fmt.Fprintf(out, "bad\t%s\n", name)
		return
	}
	fmt.Fprintf(out, "ok\t%s\n", name)
	line := func(at token.Pos) int { return files.PositionFor(at, false).Line }
	report := func(kind string, first, last token.Pos, title string) {
		fmt.Fprintf(out, "def\t%s\t%s\t%d\t%d\t%s\n", name, kind, line(first), line(last-1), title)
	}
	text := func(node ast.Expr) string {
		source, _ := os.ReadFile(path)
		return string(source[files.PositionFor(node.Pos(), false).Offset:files.PositionFor(node.End(), false).Offset])
	}
	literal := func(value ast.Expr) *ast.FuncLit {
		for {
			wrapped, ok := value.(*ast.ParenExpr)
			if !ok {
				break
			}
			value = wrapped.X
		}
		function, _ := value.(*ast.FuncLit)
		return function
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			if node.Body != nil {
				kind := "function"
				if node.Recv != nil {
					kind = "method"
				}
				report(kind, node.Pos(), node.End(), node.Name.Name)
			}
		case *ast.GenDecl:
			for place, spec := range node.Specs {
				first := spec.Pos()
				if place == 0 && !node.Lparen.IsValid() {
					first = node.Pos()
				}
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					_, isStruct := spec.Type.(*ast.StructType)
					_, isInterface := spec.Type.(*ast.InterfaceType)
					if (isStruct || isInterface) && !spec.Assign.IsValid() {
						report("class", first, spec.End(), spec.Name.Name)
					}
				case *ast.ValueSpec:
					if len(spec.Values) == 1 && node.Tok == token.VAR {
						if function := literal(spec.Values[0]); function != nil {
							report("function", first, function.End(), spec.Names[0].Name)
						}
					}
				}
			}
		case *ast.AssignStmt:
			if len(node.Rhs) == 1 {
				if function := literal(node.Rhs[0]); function != nil {
					report("function", node.Pos(), function.End(), text(node.Lhs[0]))
				}
			}
		case *ast.KeyValueExpr:
			if function := literal(node.Value); function != nil {
				report("function", node.Pos(), function.End(), strings.Trim(text(node.Key), "\""))
			}
		}
		return true
	})
}
