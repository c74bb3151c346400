import Foundation

/// Names as graphs and the language write them, for those of a model, which may be any text: each one distinct.
struct ModelNames {
    private var taken: Set<String> = []
    /// The last number behind a name that was asked for several times.
    private var numbers: [String: Int] = [:]

    /// A name of letters, digits and underscores, for an input or output.
    mutating func identifier(_ name: String, otherwise: String) -> String {
        var result = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        result = String(result.drop { $0 == "_" })
        if let last = result.lastIndex(where: { $0 != "_" }) { result = String(result[...last]) }
        if result.first?.isLetter != true { result = result.isEmpty ? otherwise : "\(otherwise)_\(result)" }
        return distinct(result)
    }

    /// A label of a layer: `layer1.0.conv1`, of names and numbers with dots between.
    mutating func label(_ text: String) -> String {
        distinct(Self.labelParts(text).joined(separator: "."))
    }

    /// The name, or with a number behind it what nothing is called yet.
    mutating func distinct(_ name: String) -> String {
        var (result, number) = (name, numbers[name] ?? 1)
        while !taken.insert(result).inserted {
            number += 1
            result = "\(name)_\(number)"
        }
        if number > 1 { numbers[name] = number }
        return result
    }

    /// The parts of a label that are fit for one.
    private static func labelParts(_ text: String) -> [String] {
        text.split(separator: ".").map { part in
            let plain = String(part.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" })
            if plain.allSatisfy(\.isNumber) { return plain.count < 10 ? plain : "n" + plain }
            return plain.first?.isNumber == true ? "n" + plain : plain
        }
    }

    /// The label of a layer, by the name of its weight, `layer1.0.conv1.weight`, where that says more than a number, else by the node's:
    /// exporters write `/layer1/layer1.0/conv1/Conv`, in which each scope that begins with the one before it takes its place.
    static func layer(weight: String?, node: String, operator name: String) -> String {
        if let weight, !weight.contains(":"), !weight.contains("/") {
            for ending in [".weight", "_weight", ".gamma", ".scale", ".W", "_W", ".kernel", "_kernel"] where weight.hasSuffix(ending) {
                let label = String(weight.dropLast(ending.count))
                if label.contains(where: \.isLetter) { return label }
            }
        }
        var scopes: [String] = []
        let parts = node.split(separator: "/").map(String.init)
        for part in node.hasPrefix("/") ? parts.dropLast() : parts[...] {
            if let last = scopes.last, part.hasPrefix(last + ".") { scopes.removeLast() }
            scopes.append(part)
        }
        let label = scopes.joined(separator: ".")
        return label.contains(where: \.isLetter) ? label : name.lowercased()
    }

    /// The symbol of a size that the model names, or of one without a name; the batch is always `N`.
    static func symbol(_ name: String, axis: Int, input: String) -> String {
        if axis == 0 { return "N" }
        let plain = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }).split(separator: "_").map {
            $0.prefix(1).uppercased() + $0.dropFirst()
        }.joined()
        guard let first = plain.first, first.isLetter, plain != "N" else {
            return "\(input.prefix(1).uppercased())\(input.dropFirst())Axis\(axis)"
        }
        return plain
    }
}
