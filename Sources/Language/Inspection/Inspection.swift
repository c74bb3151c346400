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
                let result = elaborate(network, [:], observer: recorder)
                for recorder in [recorder, recorder.training].compactMap({ $0 }) {
                    records.append(ElaborationRecord(network: network.name.text, graph: recorder.graph, places: recorder.places))
                }
                return result
            }
        return Inspection(
            program: self, diagnostics: found.errorsFirst(), records: records, references: NameChecker.references(names, root.syntax))
    }
}

extension Program {
    /// The names of all that can be called, in alphabetical order.
    public var callables: [String] { names.callables.sorted() }

    /// Where users' files define blocks, activations and networks, by their names.
    public var definitionPlaces: [String: Span] { names.places }

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
