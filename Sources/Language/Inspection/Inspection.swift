import Graph
import Operators
import Source

/// A program with all that an editor asks about it.
public struct Inspection: Sendable {
    public let program: Program
    /// What `Program.check` reports.
    public let diagnostics: [Diagnostic]
    /// One a network that can be elaborated as it stands, and one its training.
    public let records: [ElaborationRecord]
    /// Where a name is bound or defined, by the place of its use; of the root file.
    public let references: [Span: Span]
}

extension Program {
    /// Checks the program and notes, on the way, what its expressions stand for.
    public func inspect() -> Inspection {
        var records: [ElaborationRecord] = []
        let found =
            diagnostics
            + elaborateAll { network in
                let recorder = ElaborationRecorder()
                let result = elaborate(network, [:], recorder: recorder)
                for recorder in [recorder, recorder.training].compactMap({ $0 }) {
                    records.append(ElaborationRecord(network: network.name.text, graph: recorder.graph, places: recorder.places))
                }
                return result
            }
        return Inspection(
            program: self, diagnostics: found.errorsFirst(), records: records, references: NameChecker.references(self, root.syntax))
    }
}

/// What can be called by a name, for people.
public struct CallableDescription: Sendable {
    public enum Kind: String, Sendable { case block, activation, function, `operator` }

    public struct Parameter: Sendable {
        public var name: String
        /// The default as the language writes it, nil where the parameter must be given.
        public var defaultValue: String?
        public var summary: String
    }

    public var name: String
    public var kind: Kind
    public var documentation: String
    public var parameters: [Parameter]

    /// `conv(x, channels, kernel, stride = 1)`
    public var signature: String {
        "\(name)(" + parameters.map { $0.name + ($0.defaultValue.map { " = " + $0 } ?? "") }.joined(separator: ", ") + ")"
    }
}

extension Program {
    /// Describes what `name` calls outside of any body, nil where it calls nothing.
    public func describe(callable name: String) -> CallableDescription? {
        func parameters(_ syntax: [ParameterSyntax]) -> [CallableDescription.Parameter] {
            syntax.map { parameter in
                CallableDescription.Parameter(
                    name: parameter.name.text, defaultValue: parameter.defaultValue.flatMap { map.text(of: $0.span) }, summary: "")
            }
        }
        switch callable(name) {
        case .block(let block):
            return CallableDescription(
                name: name, kind: .block, documentation: block.documentation, parameters: parameters(block.parameters))
        case .activation(let activation):
            return CallableDescription(
                name: name, kind: .activation, documentation: activation.documentation, parameters: parameters(activation.parameters))
        case .builtin(let builtin):
            return CallableDescription(
                name: name, kind: .function, documentation: builtin.summary,
                parameters: builtin.parameters.map { CallableDescription.Parameter(name: $0, summary: "") })
        case .operation(let operation):
            let operands = operation.inputs.filter { $0.role == .operand }.map {
                CallableDescription.Parameter(name: $0.name + ($0.isVariadic ? "…" : ""), summary: $0.summary)
            }
            let others = operation.parameters.map { parameter in
                CallableDescription.Parameter(
                    name: parameter.name, defaultValue: parameter.defaultValue.map { $0.text(as: parameter.kind) },
                    summary: parameter.summary)
            }
            return CallableDescription(name: name, kind: .operator, documentation: operation.summary, parameters: operands + others)
        case nil: return nil
        }
    }

    /// The names of all that can be called, in alphabetical order.
    public var callables: [String] { callableNames.sorted() }

    /// Where users' files define blocks, activations and networks, by their names.
    public var definitionPlaces: [String: Span] { places }

    /// The identity of a file that was read for the program, as it was named to the file reader; nil where it was not.
    public func identity(ofFile path: String) -> FileID? {
        var id = FileID(rawValue: 0)
        while let file = map[id] {
            if file.name == path { return id }
            id = FileID(rawValue: id.rawValue + 1)
        }
        return nil
    }

    /// The properties of tensors and lists, for `x.channels`.
    public static var properties: [String] { NameChecker.properties }

    /// The path of the file that an import of the root file names, as the file reader was asked for it.
    public func target(of item: ImportSyntax) -> String? {
        map[item.span.file].map { Self.target(of: item, from: $0.name) }
    }
}
