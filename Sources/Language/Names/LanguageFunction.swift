import Foundation

/// A function that computes while a network is built, of numbers and lists, not of elements: one row a function.
public struct LanguageFunction: Sendable {
    enum Kind: Sendable {
        /// Of finite numbers; what is not finite is an error.
        case numbers(@Sendable ([Double]) -> Double)
        /// Makes a tensor of a number, of nested lists or of a file.
        case tensor
        /// Writes values while the network is built.
        case print
    }

    public let name: String
    public let summary: String
    public let parameters: [String]
    let kind: Kind

    public static let all: [LanguageFunction] = [
        LanguageFunction(name: "sin", summary: "The sine of a number.", parameters: ["x"], kind: .numbers { sin($0[0]) }),
        LanguageFunction(name: "cos", summary: "The cosine of a number.", parameters: ["x"], kind: .numbers { cos($0[0]) }),
        LanguageFunction(
            name: "tensor", summary: "A constant tensor of f32: nested lists of numbers, or the path of a `.npy` file beside the source.",
            parameters: ["values"], kind: .tensor),
        LanguageFunction(
            name: printing,
            summary: "Writes values while the network is built, and gives the first one on: `x |> print(\"behind the stem\")`.",
            parameters: ["values…"], kind: .print),
    ]

    /// The one whose value need not be used.
    static let printing = "print"

    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

/// Names of values that every file has, unless it binds them itself.
enum LanguageConstant: String, CaseIterable {
    case pi
    /// What is not given.
    case none
}
