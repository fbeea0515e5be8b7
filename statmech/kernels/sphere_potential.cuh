// Potentials on the circles of sphere.cu: what the examples cost as a function of the angle; see sphere.py.
#pragma once
#include "sphere.cuh"

/// An example on the circle of a plane:  h_mu(theta) - kappa = c + a cos theta + b sin theta.
struct Circle {
    double a, b, c;
    __device__ double at(Turn t) const { return c + a * t.cos + b * t.sin; }
};

struct Plane {
    const double *xi, *xj, *h;
    double wi, wj, kappa;
    int patterns;

    __device__ Circle circle(int mu) const
    {
        const double a = xi[mu] * wi + xj[mu] * wj;
        return {a, xj[mu] * wi - xi[mu] * wj, h[mu] - a - kappa};
    }
    /// Can the example reach its wall somewhere on the circle?
    __device__ bool is_near(int mu, const Circle &u) const
    {
        const double reach = (wi * wi + wj * wj) * (1 + 1e-9);
        return u.c * u.c <= reach * (xi[mu] * xi[mu] + xj[mu] * xj[mu]);
    }
};

// A potential says what an example costs, value(u), and sees a plane through three functions: lay_out, once;
// cost(theta), the examples that must be looked at for every angle; far(theta), E(theta) - E(0) of the others.
// packs: only those near their wall are looked at, and are kept.
struct Form {
    const double *table;
    double low, inverse;
    Circle *near;  // of this lane: near[0], near[32], ...
    int count;
};

/// Sum of V over the lanes' examples near their walls.
template <typename V> __device__ typename V::Sum near_cost(const V &potential, Turn t)
{
    typename V::Sum sum = 0;
    for (int k = 0; k < potential.count; ++k)
        sum += potential.value(potential.near[32 * k].at(t));
    return warp_sum(sum);
}

/// V(u) = 1 for u <= 0, else 0.
struct Error : Form {
    typedef int Sum;
    static constexpr bool packs = true;
    __device__ Sum value(double u) const { return u <= 0.0; }
    __device__ void lay_out(const Plane &plane)
    {
        count = 0;
        for (int mu = threadIdx.x; mu < plane.patterns; mu += 32) {
            const Circle u = plane.circle(mu);
            if (plane.is_near(mu, u)) near[32 * count++] = u;
        }
    }
    __device__ Sum cost(const Plane &, Turn t) const { return near_cost(*this, t); }
    __device__ double far(Turn) const { return 0.0; }
};

/// V(u) = max(0, -u).  Examples that cost -u all around the circle are one sum.
struct Hinge : Form {
    typedef double Sum;
    static constexpr bool packs = true;
    double a, b;
    __device__ Sum value(double u) const { return u < 0.0 ? -u : 0.0; }
    __device__ void lay_out(const Plane &plane)
    {
        count = 0;
        double first = 0.0, second = 0.0;
        for (int mu = threadIdx.x; mu < plane.patterns; mu += 32) {
            const Circle u = plane.circle(mu);
            if (plane.is_near(mu, u))
                near[32 * count++] = u;
            else if (plane.h[mu] < plane.kappa) {
                first -= u.a;
                second -= u.b;
            }
        }
        a = warp_sum(first);
        b = warp_sum(second);
    }
    __device__ Sum cost(const Plane &, Turn t) const { return near_cost(*this, t); }
    __device__ double far(Turn t) const { return a * (t.cos - 1.0) + t.sin * b; }
};

/// V(u) = u^2/2: five sums are the whole function of the angle.
struct Quadratic : Form {
    typedef double Sum;
    static constexpr bool packs = false;
    double ca, cb, half, ab;
    __device__ Sum value(double u) const { return 0.5 * u * u; }
    __device__ void lay_out(const Plane &plane)
    {
        double sum[5] = {0.0, 0.0, 0.0, 0.0, 0.0};
        for (int mu = threadIdx.x; mu < plane.patterns; mu += 32) {
            const Circle u = plane.circle(mu);
            sum[0] += u.c * u.a;
            sum[1] += u.c * u.b;
            sum[2] += u.a * u.a;
            sum[3] += u.b * u.b;
            sum[4] += u.a * u.b;
        }
        ca = warp_sum(sum[0]);
        cb = warp_sum(sum[1]);
        const double aa = warp_sum(sum[2]), bb = warp_sum(sum[3]);
        half = 0.5 * (bb - aa);
        ab = warp_sum(sum[4]);
    }
    __device__ Sum cost(const Plane &, Turn) const { return 0.0; }
    __device__ double far(Turn t) const
    {
        return ca * (t.cos - 1.0) + t.sin * (cb + half * t.sin + ab * t.cos);
    }
};

/// V(u) by cubics on a grid (sphere_potential.KernelPotential).
struct Table : Form {
    typedef double Sum;
    static constexpr bool packs = false;
    __device__ Sum value(double u) const
    {
        const double x = (u - low) * inverse;
        const i64 knot = (i64)x;
        const double t = x - (double)knot, *p = table + 4 * knot;
        return p[0] + t * (p[1] + t * (p[2] + t * p[3]));
    }
    __device__ void lay_out(const Plane &) {}
    __device__ Sum cost(const Plane &plane, Turn t) const
    {
        double sum = 0.0;
        for (int mu = threadIdx.x; mu < plane.patterns; mu += 32)
            sum += value(plane.circle(mu).at(t));
        return warp_sum(sum);
    }
    __device__ double far(Turn) const { return 0.0; }
};
