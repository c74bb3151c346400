import Graph

/// Layers with a weight and, if the parameter `bias` is true, a bias: operands 1 and 2.
extension Checker {
    /// The declarations of both, drawn as PyTorch draws them.
    func declarations(weight: TensorType, bias: TensorType) -> [WeightDeclaration] {
        let declaration = WeightDeclaration("weight", weight, .form(.fanInUniform))
        guard signature.attributes.boolean("bias") else { return [declaration] }
        let fanIn = weight.shape.dimensions.dropFirst().compactMap(\.value).reduce(1, *)
        return [declaration, WeightDeclaration("bias", bias, .form(.fanInUniform, ["fan_in": .integer(max(1, fanIn))]))]
    }

    /// Checks that the operands are as declared.
    func require(weight: TensorType, bias: TensorType) throws(TypeError) {
        try require(1, is: weight, role: "weight")
        if signature.operands.count == 3 { try require(2, is: bias, role: "bias") }
    }
}
