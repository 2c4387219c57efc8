import type { ComponentChildren } from 'preact';

export { Fragment, h, render } from 'preact';
export { useEffect, useMemo, useRef, useState } from 'preact/hooks';
export { batch, computed, effect, signal } from '@preact/signals';
export function html(strings: TemplateStringsArray, ...values: unknown[]): ComponentChildren;
