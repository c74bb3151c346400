import Foundation

/// A map of places in a picture, `(x, y)` to `(xx * x + xy * y + x0, yx * x + yy * y + y0)`.
///
/// Places are counted in pixels from the upper left corner: the centre of the first pixel is at (0.5, 0.5).
struct AffineMap: Equatable {
    var xx = 1.0
    var xy = 0.0
    var x0 = 0.0
    var yx = 0.0
    var yy = 1.0
    var y0 = 0.0

    func callAsFunction(_ x: Double, _ y: Double) -> (x: Double, y: Double) { (xx * x + xy * y + x0, yx * x + yy * y + y0) }

    /// The map that does `first`, and then this one.
    func after(_ first: AffineMap) -> AffineMap {
        AffineMap(
            xx: xx * first.xx + xy * first.yx, xy: xx * first.xy + xy * first.yy, x0: xx * first.x0 + xy * first.y0 + x0,
            yx: yx * first.xx + yy * first.yx, yy: yx * first.xy + yy * first.yy, y0: yx * first.x0 + yy * first.y0 + y0)
    }

    /// Where the pixels of a picture come from that is sheared, turned clockwise, enlarged by `scale`, all about the centre of
    /// `width` x `height`, and then moved: the inverse of that, as `torchvision.transforms.functional.affine` has it.
    static func source(
        degrees: Double = 0, right: Double = 0, down: Double = 0, scale: Double = 1, shear: Double = 0, width: Int, height: Int
    ) -> AffineMap {
        let (angle, slope) = (degrees * .pi / 180, tan(shear * .pi / 180))
        let (cosine, sine) = (cos(angle), sin(angle))
        // The columns of the sheared and turned axes, and the inverse of their matrix, whose determinant is 1.
        let (a, b, c, d) = (cosine, -cosine * slope - sine, sine, -sine * slope + cosine)
        var map = AffineMap(xx: d / scale, xy: -b / scale, yx: -c / scale, yy: a / scale)
        let (x, y) = (Double(width) / 2, Double(height) / 2)
        let center = map(x + right, y + down)
        (map.x0, map.y0) = (x - center.x, y - center.y)
        return map
    }
}
