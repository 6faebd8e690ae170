// Lists the definitions that the JDK's own parser finds: java JavaDefinitions.java FOLDER
//
// Prints one line for each file and definition, parted by tabs: `ok PATH` or `bad PATH`, and
// `def PATH KIND FIRST_LINE LAST_LINE NAME`. The rules are those of docs/adding-a-language.md.

import com.sun.source.tree.*;
import com.sun.source.util.*;
import java.io.*;
import java.nio.file.*;
import java.util.*;
import javax.tools.*;

public class JavaDefinitions {
    public static void main(String[] args) throws IOException {
        Path root = Path.of(args[0]);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out), false, "UTF-8");
        List<Path> files;
        try (var walk = Files.walk(root)) {
            files = walk.filter(path -> path.toString().endsWith(".java") && Files.isRegularFile(path)).sorted().toList();
        }
        for (Path file : files) {
            var problems = new DiagnosticCollector<JavaFileObject>();
            try (var manager = compiler.getStandardFileManager(null, null, null)) {
                var task = (JavacTask) compiler.getTask(Writer.nullWriter(), manager, problems,
                    List.of("-proc:none"), null, manager.getJavaFileObjects(file));
                String name = root.relativize(file).toString().replace('\\', '/');
                for (CompilationUnitTree unit : task.parse()) {
                    boolean isBad = problems.getDiagnostics().stream().anyMatch(p -> p.getKind() == Diagnostic.Kind.ERROR);
                    out.println((isBad ? "bad\t" : "ok\t") + name);
                    if (!isBad) {
                        new Lister(out, name, unit, Trees.instance(task).getSourcePositions()).scan(unit, null);
                    }
                }
            }
        }
        out.flush();
    }

    private static final class Lister extends TreePathScanner<Void, Void> {
        private final PrintStream out;
        private final String name;
        private final CompilationUnitTree unit;
        private final SourcePositions places;
        private final String text;
        private final Deque<Boolean> isClass = new ArrayDeque<>(List.of(false));

        Lister(PrintStream out, String name, CompilationUnitTree unit, SourcePositions places) throws IOException {
            this.out = out;
            this.name = name;
            this.unit = unit;
            this.places = places;
            this.text = unit.getSourceFile().getCharContent(true).toString();
        }

        private void report(String kind, long first, long end, String title) {
            var lines = unit.getLineMap();
            out.printf("def\t%s\t%s\t%d\t%d\t%s%n", name, kind, lines.getLineNumber(first), lines.getLineNumber(end - 1), title);
        }

        // Behind the annotations before the first modifier, and behind the comments there.
        private long start(Tree tree, ModifiersTree modifiers) {
            long start = places.getStartPosition(unit, tree);
            while (true) {
                long at = start;
                for (AnnotationTree annotation : modifiers.getAnnotations()) {
                    if (places.getStartPosition(unit, annotation) == at) start = places.getEndPosition(unit, annotation);
                }
                if (text.startsWith("//", (int) start)) start = text.indexOf('\n', (int) start);
                if (text.startsWith("/*", (int) start)) start = text.indexOf("*/", (int) start) + 2;
                while (Character.isWhitespace(text.charAt((int) start))) start++;
                if (start == at) return start;
            }
        }

        private Void within(boolean inClass, Runnable visit) {
            isClass.push(inClass);
            visit.run();
            isClass.pop();
            return null;
        }

        @Override public Void visitClass(ClassTree tree, Void nothing) {
            if (!tree.getSimpleName().isEmpty()) {
                report("class", start(tree, tree.getModifiers()), places.getEndPosition(unit, tree), tree.getSimpleName().toString());
            }
            return within(true, () -> super.visitClass(tree, nothing));
        }

        @Override public Void visitMethod(MethodTree tree, Void nothing) {
            if (tree.getBody() != null && places.getStartPosition(unit, tree) >= 0 && places.getEndPosition(unit, tree) > 0) {
                String title = tree.getName().toString();
                if (title.equals("<init>")) {
                    for (TreePath path = getCurrentPath(); path != null; path = path.getParentPath()) {
                        if (path.getLeaf() instanceof ClassTree around) { title = around.getSimpleName().toString(); break; }
                    }
                }
                report("method", start(tree, tree.getModifiers()), places.getEndPosition(unit, tree), title);
            }
            return within(false, () -> super.visitMethod(tree, nothing));
        }

        private ExpressionTree unwrapped(ExpressionTree value) {
            while (value instanceof ParenthesizedTree wrapped) value = wrapped.getExpression();
            return value;
        }

        @Override public Void visitVariable(VariableTree tree, Void nothing) {
            if (unwrapped(tree.getInitializer()) instanceof LambdaExpressionTree lambda) {
                // Of several variables only the first begins with the type.
                int at = (int) places.getStartPosition(unit, tree);
                long first = start(tree, tree.getModifiers());
                report(isClass.peek() ? "method" : "function", first, places.getEndPosition(unit, lambda), tree.getName().toString());
                return within(false, () -> super.visitVariable(tree, nothing));
            }
            return super.visitVariable(tree, nothing);
        }

        @Override public Void visitAssignment(AssignmentTree tree, Void nothing) {
            if (unwrapped(tree.getExpression()) instanceof LambdaExpressionTree lambda) {
                report(isClass.peek() ? "method" : "function", places.getStartPosition(unit, tree),
                    places.getEndPosition(unit, lambda), tree.getVariable().toString());
                return within(false, () -> super.visitAssignment(tree, nothing));
            }
            return super.visitAssignment(tree, nothing);
        }
    }
}
