import Foundation
import Interchange

/// What weights remember of their training besides the tensors: how pictures were prepared, and what the classes are called.
public struct WeightsMetadata: Equatable, Sendable {
    public var normalization: PixelNormalization?
    public var classNames: [String]?
    public var network: String?
    /// How pictures became the values of the input, in the words of the language; nil where the network did not say.
    public var preparation: String?
    /// What of the data was held out, where a training had a share of them for that.
    public var heldOut: HeldOutShare?

    public init(
        normalization: PixelNormalization?, classNames: [String]?, network: String?, preparation: String? = nil,
        heldOut: HeldOutShare? = nil
    ) {
        self.normalization = normalization
        self.classNames = classNames
        self.network = network
        self.preparation = preparation
        self.heldOut = heldOut
    }

    /// Reads what a file has of it; throws where it has a normalization that cannot be.
    public init(_ file: WeightsFile) throws(InterchangeError) {
        normalization = try PixelNormalization.remembered(in: file.metadata, path: file.path)
        classNames = file.metadata[Self.classesKey].flatMap(Self.classNames)
        network = file.metadata["network"]
        preparation = file.metadata[Self.preparationKey]
        heldOut = file.metadata["held_out"].flatMap(HeldOutShare.init(text:))
    }

    /// The metadata of a file of weights.
    public var fields: [String: String] {
        var fields = normalization?.metadata ?? [:]
        fields["network"] = network
        fields[Self.preparationKey] = preparation
        fields["held_out"] = heldOut?.text
        if let classNames { fields[Self.classesKey] = Self.text(ofClassNames: classNames) }
        return fields
    }

    /// Under what the metadata of a file, or of a model, say how pictures become the values of the input.
    public static let preparationKey = "braid.prepare"

    /// Under what the metadata of a file say what classes are called.
    public static let classesKey = "classes"

    /// The names of classes that metadata have; nil where it is no JSON list of them.
    public static func classNames(_ text: String) -> [String]? {
        (try? JSONDecoder().decode([String].self, from: Data(text.utf8)))?.map(\.withoutControlCharacters)
    }

    /// The names of classes as metadata have them: a JSON list.
    public static func text(ofClassNames names: [String]) -> String? {
        (try? JSONEncoder().encode(names)).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension String {
    /// The text as it may be shown on terminals.
    var withoutControlCharacters: String {
        String(String.UnicodeScalarView(unicodeScalars.filter { $0.properties.generalCategory != .control }))
    }
}
