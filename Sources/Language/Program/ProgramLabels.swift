import Graph
import Source

/// The files that outputs name after `labels`.
struct NamedLabelFiles {
    private(set) var files: [LabelFileSyntax] = []

    /// Those of the networks among some definitions.
    init(in definitions: [DefinitionSyntax]) {
        for case .network(let network) in definitions { add(network.body) }
    }

    private mutating func add(_ body: BodySyntax) {
        for statement in body.statements {
            switch statement.kind {
            case .output(_, let file?, _, _): files.append(file)
            case .forEach(_, in: _, let body): add(body)
            case .expression(let value): add(value)
            default: break
            }
        }
        if let result = body.result { add(result) }
    }

    /// An `if` may hold outputs.
    private mutating func add(_ expression: ExpressionSyntax) {
        guard case .conditional(let branches, let otherwise) = expression.kind else { return }
        for branch in branches { add(branch.body) }
        if let otherwise { add(otherwise) }
    }
}

extension Program {
    /// What a file that an output names calls its classes; or what is wrong with it.
    ///
    /// - Parameter path: that of the file in which the output stands.
    static func labels(
        _ item: LabelFileSyntax, from path: String, _ unreadable: (String) -> String?, _ listFolder: FolderReader, _ readFile: FileReader
    ) -> Result<ClassLabels, LabelProblem> {
        let target = SourcePath.target(of: item.path, from: path)
        guard let text = readFile(target) else {
            if let reason = unreadable(target) {
                return .failure(LabelProblem(Diagnostic("cannot read `\(item.path)`: \(reason)", at: item.span)))
            }
            let folder = target.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            let files = listFolder(folder.isEmpty ? (target.hasPrefix("/") ? "/" : ".") : folder).filter { $0.hasSuffix(".txt") }
            let name = target.split(separator: "/").last.map(String.init) ?? ""
            let nearest = Spelling.nearest(to: name, in: files)
            let prefix = item.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().map { $0 + "/" }.joined()
            return .failure(
                LabelProblem(
                    Diagnostic(
                        "cannot read `\(item.path)`", at: item.span,
                        help: nearest.map { "did you mean `\(prefix)\($0)`?" } ?? "paths are relative to the file that names them")))
        }
        do throws(ClassLabels.Problem) {
            return .success(try ClassLabels(lines: text))
        } catch {
            return .failure(
                LabelProblem(Diagnostic("`\(item.path)` names no classes: \(error.message)", at: item.span, help: error.repair)))
        }
    }

    /// What is wrong with a file of labels.
    struct LabelProblem: Error {
        let diagnostic: Diagnostic
        init(_ diagnostic: Diagnostic) { self.diagnostic = diagnostic }
    }
}
