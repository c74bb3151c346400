import Interchange

extension ModelFile {
    /// Why arrays that were given for inputs do not fit: they have other shapes than the inputs, do not go with each other, or are those of some
    /// inputs only.
    ///
    /// - Parameter error: what cannot be imported because of them.
    func misfit(of given: [String: HostTensor], _ error: ONNXError) -> ONNXError {
        let initializers = Set(wire.graph.initializer.map(\.name))
        let inputs = wire.graph.input.filter { !initializers.contains($0.name) }
        var sizes: [String: (extent: Int, input: String)] = [:]
        for input in inputs {
            guard let tensor = given[input.name], input.type.tensorType.hasShape else { continue }
            let declared = input.type.tensorType.shape.dim
            let fits = zip(declared, tensor.shape).allSatisfy { $0.dimValue <= 0 || $0.dimValue == Int64($1) }
            guard fits, declared.count == tensor.shape.count else {
                let text = declared.map { $0.dimValue > 0 ? "\($0.dimValue)" : $0.dimParam.isEmpty ? "any" : $0.dimParam }
                return ONNXError(
                    path,
                    "the input '\(input.name)' is [\(text.joined(separator: ", "))] in the model, and \(tensor.shape) is given for it",
                    repair: "give an array of the model's shape")
            }
            for (dimension, extent) in zip(declared, tensor.shape) where dimension.dimValue <= 0 && !dimension.dimParam.isEmpty {
                if let other = sizes[dimension.dimParam], other.extent != extent {
                    return ONNXError(
                        path,
                        "'\(dimension.dimParam)' is \(other.extent) in what is given for the input '\(other.input)', "
                            + "and \(extent) in what is given for '\(input.name)'",
                        repair: "give arrays with equal sizes there")
                }
                sizes[dimension.dimParam] = (extent, input.name)
            }
        }
        let missing = inputs.map(\.name).filter { given[$0] == nil }
        if let first = missing.first {
            let names = missing.map { "'\($0)'" }.joined(separator: ", ")
            return ONNXError(
                path,
                "nothing is given for \(missing.count == 1 ? "the input" : "the inputs") \(names), with which the others must go together",
                repair: "add --input \(first)=FILE.npy")
        }
        let shapes = inputs.compactMap { input in given[input.name].map { "\($0.shape) for '\(input.name)'" } }.joined(separator: ", ")
        return ONNXError(
            path, "the model does not take what is given for its inputs together: \(shapes)",
            repair: "give arrays of sizes that go together",
            notes: error.notes)
    }

    /// Whether what is given for inputs is of another number of images than the model is for.
    func isForOther(than images: Int, _ given: [String: HostTensor]) -> Bool {
        given.values.contains { $0.shape.count >= 2 && $0.shape[0] != images }
    }
}
