import Graph
import Language
import Training

extension Network {
    /// The input that takes pictures, what it takes, and how they are prepared for it.
    ///
    /// Throws where there is none, or where its size is not known.
    public func pictureInput() throws(CompilerError) -> (name: String, extents: ImageExtents, preparation: PicturePreparation) {
        guard let input = graph.nodes.first(where: { $0.inputName != nil && $0.type.rank == 4 }), let name = input.inputName else {
            throw CompilerError("'\(self.name)' does not take pictures", help: "name a network with an input f32[N, C, H, W]", sources)
        }
        try requireSizes()
        let extents = input.type.shape.dimensions.dropFirst().compactMap(\.value)
        guard extents.count == 3 else {
            throw CompilerError("the size of the input '\(name)' is not known", help: "give it with -D", sources)
        }
        return (name, ImageExtents(channels: extents[0], height: extents[1], width: extents[2]), preparation(of: name))
    }

    /// How the network is trained; throws where nothing says it.
    public func requireTraining() throws(CompilerError) -> ElaboratedNetwork.Training {
        if let training { return training }
        throw CompilerError("'\(name)' has no training, which says how pictures are augmented", help: "leave out --for", sources)
    }
}
